"""Verdict on two agents under one name: a boot id is random, so one that returns is a second one.

The two throw each other out. If one of them disappears without a will, the host stays silent until
the other reconnects; wills do not count meanwhile. It is over when the name has belonged to one
boot for a minute. Times are monotonic seconds.
"""

from aggregator.core.expectation import Expectation
from aggregator.core.fleet import Fleet
from aggregator.core.host import Host
from aggregator.core.identity import BootReturned
from aggregator.core.incidents.lifecycle import Incidents
from aggregator.core.incidents.record import Subject
from aggregator.core.states import ALIVE
from aggregator.core.verdicts.causes import CENTRE, Cause, Evidence, Verdict

ALTERNATION_S = 60.0
"""How long (s) a name must belong to one boot until two are no more believed to have it."""


class Twins:
    """Begins and ends the incidents of names that two agents have."""

    def __init__(self, fleet: Fleet, incidents: Incidents, expectation: Expectation) -> None:
        self._fleet = fleet
        self._incidents = incidents
        self._expectation = expectation

    def report(self, returned: BootReturned, now: float) -> None:
        """Report that a boot came back after another one: two processes have one name."""
        host = returned.host
        detail = {
            "returned": returned.returned,
            "between": returned.between,
            "address": "" if host.birth is None else host.birth.address,
        }
        verdict = Verdict(Cause.DUPLICATE_IDENTITY, (Evidence(now, CENTRE, "boots", detail),))
        subject = Subject("identity", host.venue, host.name)
        self._incidents.begin(subject, verdict, now)
        self.contest(subject, now)

    def contest(self, subject: Subject, now: float) -> None:
        """Excuse the host until one of the two has had the name for long."""
        until = now + ALTERNATION_S
        self._incidents.end_at(subject, until)
        host = self._fleet.find(subject.host)
        if host is not None:
            self._expectation.contest(host, now, until)


def is_contested(host: Host) -> bool:
    """Tell whether a living host's silence may be that of one of two agents."""
    return "identity" in host.problems and host.state in ALIVE
