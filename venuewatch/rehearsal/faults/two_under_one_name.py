"""Gives a second machine the name of a host."""

from venuewatch.rehearsal.faults import Fault
from venuewatch.rehearsal.faults._victims import any_host, breaks
from venuewatch.rehearsal.world.world import World


class TwoUnderOneName(Fault, frozen=True):
    """A copied disk image: both take the name from each other."""

    EXPECTED = "duplicate_identity"

    lasts_s: float = 60.0

    def inject(self, world: World) -> None:
        """Start an agent under the name of some host, on another machine."""
        host = any_host(world)
        world.venues[host.venue].add_double(host.name).start_agent()
        breaks(world, host, "identity")

    def heal(self, world: World) -> None:
        """Take the second one away, with a farewell or without."""
        is_polite = world.rng.random() < 0.5  # noqa: PLR2004 - a coin
        for venue in world.venues.values():
            venue.remove_doubles(is_polite=is_polite)
