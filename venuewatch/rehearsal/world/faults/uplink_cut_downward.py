"""A venue's uplink carries nothing downward."""

import random

from venuewatch.rehearsal.world.faults import AroundKeepalive
from venuewatch.rehearsal.world.faults._aim import any_venue, breaks_venue
from venuewatch.rehearsal.world.world import World


class UplinkCutDownward(AroundKeepalive, frozen=True):
    """One fibre of a pair; without acknowledgements nothing comes up either."""

    EXPECTED = "venue_unreachable"

    def inject(self, world: World, rng: random.Random) -> None:
        """Cut the way down."""
        venue = any_venue(world, rng)
        venue.uplink.down.is_cut = True
        breaks_venue(world, venue)
