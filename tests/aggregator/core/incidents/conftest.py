"""The incidents of one small venue, and what was reported of them."""

from typing import Any

import pytest

from aggregator.core.fleet import Fleet
from aggregator.core.incidents.lifecycle import Incidents
from aggregator.core.incidents.record import Incident, IncidentChanged, Subject
from aggregator.core.incidents.store import IncidentStore
from aggregator.core.verdicts.causes import Cause, Evidence, Verdict
from tests.kit.story import fleet_of

HOST = Subject("host", "STA", "s1")
VENUE = Subject("venue", "STA")
CENTRE = Subject("centre")


def verdict(cause: Cause, *seen: str) -> Verdict:
    return Verdict(cause, tuple(Evidence(1.0, "centre", what, {"of": cause}) for what in seen))


SILENT, GONE = verdict(Cause.SILENT, "silence"), verdict(Cause.HOST_DOWN, "silence", "probe")
CUT, BLIND = verdict(Cause.VENUE_UNREACHABLE), verdict(Cause.AGGREGATOR_BLIND)


class Book:
    """The incidents of a venue with s1 and s2, and the changes that were reported."""

    def __init__(self) -> None:
        self.fleet: Fleet = fleet_of({"STA": ("s1", "s2")})
        self.changes: list[Any] = []
        self.store = IncidentStore(self.fleet, self.changes)
        self.incidents = Incidents(self.fleet, self.store)

    def lines(self) -> list[tuple[float, str, str]]:
        """Hand over, once, what was reported: when, what, why."""
        changes: list[IncidentChanged] = self.changes[:]
        self.changes.clear()
        return [(each.at, each.change, str(each.incident.cause)) for each in changes]

    def flap(self, *, falls: int, every_s: float = 10.0) -> float:
        """Let s1 fall and rise after 5 s, again and again; return when it last rose."""
        for number in range(falls):
            self.incidents.fall(HOST, SILENT, number * every_s)
            self.incidents.rise(HOST, number * every_s + 5.0)
        return (falls - 1) * every_s + 5.0

    def restarted(self, now: float) -> "Book":
        """Return the incidents of a later process, which knows these."""
        later = Book()
        later.incidents.restore(self.store.known(), next_number=100, reported={}, now=now)
        return later

    def one(self) -> Incident:
        (incident,) = self.incidents.open.values()
        return incident


@pytest.fixture
def book() -> Book:
    """A venue with s1 and s2, and no incident yet."""
    return Book()
