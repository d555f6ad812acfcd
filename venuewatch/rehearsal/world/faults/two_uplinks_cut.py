"""Two venues are cut off together; a third is not."""

import random

from venuewatch.rehearsal.world.faults import AroundKeepalive
from venuewatch.rehearsal.world.faults._aim import breaks_venue
from venuewatch.rehearsal.world.world import World


class TwoUplinksCut(AroundKeepalive, frozen=True):
    """One provider's line to two halls."""

    EXPECTED = "venue_unreachable"

    def inject(self, world: World, rng: random.Random) -> None:
        """Cut two of the uplinks."""
        for venue in rng.sample(list(world.venues.values()), 2):
            venue.uplink.cut()
            breaks_venue(world, venue)
