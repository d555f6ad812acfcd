"""Gives a second machine the name of a host."""

from collections.abc import Collection

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults import Mending
from venuewatch.rehearsal.faults._victims import OrderedHostFault
from venuewatch.rehearsal.live.world import World as LiveWorld
from venuewatch.rehearsal.world.world import World


class TwoUnderOneName(OrderedHostFault, frozen=True):
    """A copied disk image: both take the name from each other."""

    EXPECTED = "duplicate_identity"
    SEEN_BY = "twins"
    SCOPE = "identity"

    lasts_s: float = 60.0

    def strike(self, world: World, subjects: Collection[Subject]) -> None:
        """Start an agent under the name of each of these, on another machine."""
        for subject in subjects:
            world.venues[subject.venue].add_double(subject.host).start_agent()

    def mend(self, world: World, subjects: Collection[Subject]) -> None:
        """Take the second ones away, with a farewell or without."""
        is_polite = world.rng.random() < 0.5  # noqa: PLR2004 - a coin
        for subject in subjects:
            world.venues[subject.venue].remove_doubles(is_polite=is_polite)

    def heal(self, world: World) -> None:
        """Take the second one away, with a farewell or without."""
        is_polite = world.rng.random() < 0.5  # noqa: PLR2004 - a coin
        for venue in world.venues.values():
            venue.remove_doubles(is_polite=is_polite)

    def begin_live(self, world: LiveWorld, subject: Subject) -> Mending:
        """Start an agent of its name on another machine of its venue."""
        named = world.hosts[subject.host]
        other = next(host for host in world.venue(subject.venue) if host is not named)
        other.start_twin(of=named, lasts_s=self.longest_s)
        return other.end_twin
