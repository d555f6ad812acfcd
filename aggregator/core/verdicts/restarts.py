"""Verdict on an agent that begins anew again and again: a crash loop, however quick, is flapping.

Where it is back before its silence is noticed, no fall is seen. So what counts is how often another
boot begins: more than ``BOOTS`` an hour count as falls. Times are monotonic seconds.
"""

from typing import Final

from aggregator.core.allowances import Allowance
from aggregator.core.host import Host
from aggregator.core.incidents.lifecycle import Incidents
from aggregator.core.incidents.record import Subject
from aggregator.core.verdicts.causes import CENTRE, Cause, Evidence, Verdict

BOOTS: Final = Allowance(16.0 / 3600.0, 16.0)
"""How often an agent may begin anew without a word: an update, a tired operator, a power cut."""

_ROUNDING_S = 1e-6


class Restarts:
    """Counts how often each host's agent begins anew."""

    def __init__(self, incidents: Incidents) -> None:
        self._incidents = incidents

    def note(self, host: Host, now: float) -> None:
        """Note that another boot, which was not known, beats under a host's name."""
        until = max(host.boots_until, now) + 1.0 / BOOTS.per_s
        if until - BOOTS.burst_s <= now + _ROUNDING_S:
            host.boots_until = until
            return
        subject = Subject("host", host.venue, host.name)
        if self._incidents.is_fallen(subject):
            return
        seen = Evidence(now, CENTRE, "restarts", {"restarts": host.restarts})
        self._incidents.fall(subject, Verdict(Cause.FLAPPING, (seen,)), now)
        self._incidents.rise(subject, now)
