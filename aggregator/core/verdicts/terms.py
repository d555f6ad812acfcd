"""Verdict on the terms that a host announces in its birth: out of bounds, the bound is used.

=====================  =========================================  =================
term                   bound                                      what it is for
=====================  =========================================  =================
``interval_s``         ``INTERVAL_MAX_S`` (60)                    its deadline
``keepalive_s``        ``KEEPALIVE_MAX_S`` (60)                   how a will is read
``reconnect_max_s``    ``[detection] reconnect_limit_s`` (60)     its grace
=====================  =========================================  =================

Else a host would say itself how long nobody may ask for it. The incident ends with a birth whose
terms are within bounds. Times are monotonic seconds.
"""

from msgspec.structs import replace

from aggregator.core.host import Host
from aggregator.core.incidents.lifecycle import Incidents
from aggregator.core.incidents.record import Subject
from aggregator.core.verdicts.causes import Cause, Evidence, Scalar, Verdict
from venuewatch.base.wire.links import INTERVAL_MAX_S, KEEPALIVE_MAX_S
from venuewatch.base.wire.messages import Birth


def bounded(birth: Birth) -> Birth:
    """Return a birth as it is judged by: interval and keepalive are within their bounds.

    ``reconnect_max_s`` stays as announced: the grace bounds it by itself (``expectation.py``).
    """
    if birth.interval_s <= INTERVAL_MAX_S and birth.keepalive_s <= KEEPALIVE_MAX_S:
        return birth
    return replace(
        birth,
        interval_s=min(birth.interval_s, INTERVAL_MAX_S),
        keepalive_s=min(birth.keepalive_s, KEEPALIVE_MAX_S),
    )


class Terms:
    """Begins and ends the incidents of terms. ``reconnect_limit_s``: see ``expectation``."""

    def __init__(self, incidents: Incidents, *, reconnect_limit_s: float) -> None:
        self._incidents = incidents
        self._bounds = {
            "interval_s": INTERVAL_MAX_S,
            "keepalive_s": KEEPALIVE_MAX_S,
            "reconnect_max_s": reconnect_limit_s,
        }

    def take(self, host: Host, announced: Birth, now: float) -> None:
        """Take in what a host has announced."""
        subject = Subject("terms", host.venue, host.name)
        refused: dict[str, Scalar] = {}
        for term, bound in self._bounds.items():
            said = getattr(announced, term)
            if said > bound:
                refused |= {term: said, f"{term[:-2]}_used_s": bound}
        if refused:
            seen = Evidence(now, host.name, "terms", refused)
            self._incidents.begin(subject, Verdict(Cause.TERMS_REFUSED, (seen,)), now)
        else:
            self._incidents.end(subject, now)
