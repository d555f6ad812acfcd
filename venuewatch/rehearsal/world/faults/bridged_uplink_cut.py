"""A venue with a broker of its own loses its uplink."""

import random

from venuewatch.rehearsal.world.faults import AroundKeepalive
from venuewatch.rehearsal.world.faults._aim import breaks_venue, first_venue
from venuewatch.rehearsal.world.layout import Layout, any_layout, with_first
from venuewatch.rehearsal.world.world import World


class BridgedUplinkCut(AroundKeepalive, frozen=True):
    """Hosts and local broker go on talking, and nobody hears it."""

    EXPECTED = "venue_unreachable"

    def layout(self, rng: random.Random) -> Layout:
        """Return a fleet whose first venue has a broker of its own."""
        return with_first(any_layout(rng), has_bridge=True)

    def inject(self, world: World, rng: random.Random) -> None:  # noqa: ARG002
        """Cut the bridged uplink."""
        venue = first_venue(world)
        venue.uplink.cut()
        breaks_venue(world, venue)
