"""Breaks the connection of a venue's own broker to the centre's for a moment."""

import random

from venuewatch.rehearsal.world.faults import Fault
from venuewatch.rehearsal.world.faults._victims import breaks_venue, first_venue
from venuewatch.rehearsal.world.layout import Layout, any_layout, with_first
from venuewatch.rehearsal.world.world import World


class BridgeRestarted(Fault, frozen=True):
    """Beats are lost for up to some seconds, and old births and deaths are said again as if new."""

    EXPECTED = "none|venue_unreachable"

    lasts_s: float = 10.0

    def layout(self, rng: random.Random) -> Layout:
        """Return a fleet whose first venue has a broker of its own."""
        return with_first(any_layout(rng), has_bridge=True)

    def inject(self, world: World, rng: random.Random) -> None:  # noqa: ARG002
        """Have the bridge connect again."""
        venue = first_venue(world)
        world.bridges[venue.plan.code].hang_up()
        breaks_venue(world, venue)
