"""A venue's uplink is suddenly slow, and nothing is lost."""

import random

from venuewatch.rehearsal.world.faults import NONE, Fault
from venuewatch.rehearsal.world.faults._aim import any_venue
from venuewatch.rehearsal.world.world import World


class SlowVenue(Fault, frozen=True):
    """A full queue on the way up: a look-alike of a cut, and all within the margin."""

    EXPECTED = NONE

    delay_s: float = 1.0

    def inject(self, world: World, rng: random.Random) -> None:
        """Delay what comes up from some venue."""
        any_venue(world, rng).uplink.up.delay_s = self.delay_s
