"""All machines of a venue lose their power."""

import random

from venuewatch.rehearsal.world.faults import AroundKeepalive
from venuewatch.rehearsal.world.faults._aim import any_venue, breaks_venue
from venuewatch.rehearsal.world.world import World


class VenueOff(AroundKeepalive, frozen=True):
    """Nobody is left who could tell it from a cut."""

    EXPECTED = "venue_unreachable"

    def inject(self, world: World, rng: random.Random) -> None:
        """Switch everything off at some venue."""
        venue = any_venue(world, rng)
        for host in venue.hosts.values():
            host.power_off()
        breaks_venue(world, venue)

    def heal(self, world: World) -> None:
        """Give everything power again."""
        for host in world.hosts():
            host.mend()
