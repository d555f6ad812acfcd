"""A venue's uplink carries nothing upward."""

import random

from venuewatch.rehearsal.world.faults import AroundKeepalive
from venuewatch.rehearsal.world.faults._aim import any_venue, breaks_venue
from venuewatch.rehearsal.world.world import World


class UplinkCutUpward(AroundKeepalive, frozen=True):
    """One fibre of a pair; without acknowledgements the other soon carries nothing either."""

    EXPECTED = "venue_unreachable"

    def inject(self, world: World, rng: random.Random) -> None:
        """Cut the way up."""
        venue = any_venue(world, rng)
        venue.uplink.up.is_cut = True
        breaks_venue(world, venue)
