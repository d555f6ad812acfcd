"""A venue's uplink carries nothing, either way."""

import random

from venuewatch.rehearsal.world.faults import AroundKeepalive
from venuewatch.rehearsal.world.faults._aim import any_venue, breaks_venue
from venuewatch.rehearsal.world.world import World


class UplinkCut(AroundKeepalive, frozen=True):
    """Both fibres dug up."""

    EXPECTED = "venue_unreachable"

    def inject(self, world: World, rng: random.Random) -> None:
        """Cut some uplink."""
        venue = any_venue(world, rng)
        venue.uplink.cut()
        breaks_venue(world, venue)
