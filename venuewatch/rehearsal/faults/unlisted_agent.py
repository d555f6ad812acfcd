"""Starts an agent at a venue under a name that the inventory does not have."""

from collections.abc import Collection

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults import NONE, Mending
from venuewatch.rehearsal.faults._victims import VenueFault
from venuewatch.rehearsal.live.world import World as LiveWorld
from venuewatch.rehearsal.world.venue import SimVenue
from venuewatch.rehearsal.world.world import World


class UnlistedAgent(VenueFault, frozen=True):
    """A machine that nobody wrote down: it is counted, and no alarm."""

    EXPECTED = NONE
    SEEN_BY = "twins"
    ENDS = frozenset({"mend"})

    def hit(self, venue: SimVenue) -> None:
        """Start it."""
        venue.add_double(_name_at(venue.plan.code)).start_agent()

    def mend(self, world: World, subjects: Collection[Subject]) -> None:
        """Take it away."""
        for subject in subjects:
            world.venues[subject.venue].remove_doubles(is_polite=True)

    def heal(self, world: World) -> None:
        """Take it away, wherever it is."""
        for venue in world.venues.values():
            venue.remove_doubles(is_polite=True)

    def begin_live(self, world: LiveWorld, subject: Subject) -> Mending:
        """Start a real one on a machine of the venue."""
        host = world.venue(subject.venue)[0]
        host.start_beside(_name_at(subject.venue), lasts_s=self.longest_s)
        return host.end_twin


def _name_at(code: str) -> str:
    return f"{code}-unlisted"
