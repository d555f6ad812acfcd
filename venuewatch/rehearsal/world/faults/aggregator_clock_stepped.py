"""Sets the aggregator's wall clock to another time."""

import random

from venuewatch.rehearsal.world.faults import NONE, Fault
from venuewatch.rehearsal.world.world import World


class AggregatorClockStepped(Fault, frozen=True):
    """An operator's mistake, or a time source that jumps."""

    EXPECTED = NONE

    step_s: float = 3_600.0

    def inject(self, world: World, rng: random.Random) -> None:
        """Step the clock, forward or back."""
        world.observer.clock.set_offset(rng.choice((-1, 1)) * self.step_s)

    def heal(self, world: World) -> None:
        """Set it right."""
        world.observer.clock.set_offset(0.0)
