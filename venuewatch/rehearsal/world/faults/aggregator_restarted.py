"""Ends the aggregator's process, and starts it again."""

import random

from venuewatch.rehearsal.world.faults import NONE, Fault
from venuewatch.rehearsal.world.world import World


class AggregatorRestarted(Fault, frozen=True):
    """An upgrade of the centre."""

    EXPECTED = NONE

    lasts_s: float = 2.0

    def inject(self, world: World, rng: random.Random) -> None:  # noqa: ARG002
        """Kill the aggregator."""
        world.observer.kill()

    def heal(self, world: World) -> None:
        """Start it again."""
        world.observer.start()
