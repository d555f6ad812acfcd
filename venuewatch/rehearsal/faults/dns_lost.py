"""Takes the name server from a venue: the check of names fails on each of its hosts."""

from collections.abc import Collection

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults import NONE, Mending
from venuewatch.rehearsal.faults._victims import VenueFault, watched_by
from venuewatch.rehearsal.fleet import NAMES
from venuewatch.rehearsal.live.world import World as LiveWorld
from venuewatch.rehearsal.world.venue import SimVenue
from venuewatch.rehearsal.world.world import World


class DnsLost(VenueFault, frozen=True):
    """MQTT goes on: agents know their broker."""

    EXPECTED = NONE  # the venues of the matrix have no such check
    SEEN_BY = "names"
    ENDS = frozenset()

    def strike(self, world: World, subjects: Collection[Subject]) -> None:
        """Let no name be found there."""
        for watched in watched_by(world, _checks(subjects)):
            watched.state = "critical"

    def mend(self, world: World, subjects: Collection[Subject]) -> None:
        """Let names be found again."""
        for watched in watched_by(world, _checks(subjects)):
            watched.mend()

    def hit(self, venue: SimVenue) -> None:
        """Leave a venue without the check as it is."""

    def begin_live(self, world: LiveWorld, subject: Subject) -> Mending:
        """Let the real name server stand still: nobody gets an answer."""
        return world.freeze_names(subject.venue, lasts_s=self.longest_s).end


def _checks(subjects: Collection[Subject]) -> list[Subject]:
    return [Subject("check", subject.venue, check=NAMES) for subject in subjects]
