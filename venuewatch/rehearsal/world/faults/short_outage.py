"""A venue's uplink is cut for less than its margin."""

import random

from venuewatch.rehearsal.world.faults import NONE, Fault
from venuewatch.rehearsal.world.faults._aim import any_venue
from venuewatch.rehearsal.world.world import World


class ShortOutage(Fault, frozen=True):
    """A switch that relearns its routes."""

    EXPECTED = NONE

    lasts_s: float = 0.8

    def inject(self, world: World, rng: random.Random) -> None:
        """Cut some uplink."""
        any_venue(world, rng).uplink.cut()
