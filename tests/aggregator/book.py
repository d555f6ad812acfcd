"""The incidents of one small venue, and what was told of them."""

from aggregator.core.events import Incident, IncidentChanged, Subject
from aggregator.core.evidence import Evidence, Verdict
from aggregator.core.fleet import Fleet, Host, Venue
from aggregator.core.incidents import Incidents
from aggregator.core.register import Register
from tests.aggregator.scene import MARGIN_S

HOST = Subject("host", "STA", "s1")
VENUE = Subject("venue", "STA")
CENTRE = Subject("centre")


def verdict(cause: str, *seen: str) -> Verdict:
    return Verdict(cause, tuple(Evidence(1.0, "centre", what, {"of": cause}) for what in seen))


SILENT, GONE = verdict("silent", "silence"), verdict("host_down", "silence", "probe")


class Book:
    """The incidents of a venue with s1 and s2, and what was told of them."""

    def __init__(self) -> None:
        venue = Venue("STA", margin_s=MARGIN_S)
        for name in ("s1", "s2"):
            venue.hosts[name] = Host("STA", name, margin_s=MARGIN_S)
        self.venue = venue
        self.told: list[IncidentChanged] = []
        fleet = Fleet([venue])
        self.register = Register(fleet, self.told.append)
        self.incidents = Incidents(fleet, self.register)

    def lines(self) -> list[tuple[float, str, str]]:
        lines: list[tuple[float, str, str]] = [
            (told.at, told.change, told.incident.cause) for told in self.told
        ]
        self.told.clear()
        return lines

    def flap(self, *, falls: int, every_s: float = 10.0) -> float:
        """Let s1 fall and rise at once, and return when it last rose."""
        for number in range(falls):
            self.incidents.fall(HOST, SILENT, number * every_s)
            self.incidents.rise(HOST, number * every_s + 5.0)
        return (falls - 1) * every_s + 5.0

    def one(self) -> Incident:
        (incident,) = self.incidents.open.values()
        return incident
