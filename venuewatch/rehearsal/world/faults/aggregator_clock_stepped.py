"""Our own wall clock is set to another time."""

import random

from venuewatch.rehearsal.world.faults import NONE, Fault
from venuewatch.rehearsal.world.world import World


class AggregatorClockStepped(Fault, frozen=True):
    """Somebody set the centre's clock."""

    EXPECTED = NONE

    step_s: float = 3_600.0

    def inject(self, world: World, rng: random.Random) -> None:
        """Step the clock, forward or back."""
        world.observer.clock.set_offset(rng.choice((-1, 1)) * self.step_s)

    def heal(self, world: World) -> None:
        """Set it right."""
        world.observer.clock.set_offset(0.0)
