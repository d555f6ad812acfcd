"""Takes the name server from a venue: the check of names fails on each of its hosts."""

from collections.abc import Collection

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults import NONE
from venuewatch.rehearsal.faults._victims import VenueFault, watched_by
from venuewatch.rehearsal.world.venue import SimVenue
from venuewatch.rehearsal.world.world import World

NAMES = "names"


class DnsLost(VenueFault, frozen=True):
    """MQTT goes on: agents know their broker. ``check``: the one that asks for names."""

    EXPECTED = NONE  # the venues of the matrix have no such check
    SEEN_BY = "watched"

    check: str = NAMES

    def strike(self, world: World, subjects: Collection[Subject]) -> None:
        """Let no name be found there."""
        for watched in watched_by(world, self._checks(subjects)):
            watched.state = "critical"

    def mend(self, world: World, subjects: Collection[Subject]) -> None:
        """Let names be found again."""
        for watched in watched_by(world, self._checks(subjects)):
            watched.mend()

    def hit(self, venue: SimVenue) -> None:
        """Leave a venue without the check as it is."""

    def _checks(self, subjects: Collection[Subject]) -> list[Subject]:
        return [Subject("check", subject.venue, check=self.check) for subject in subjects]
