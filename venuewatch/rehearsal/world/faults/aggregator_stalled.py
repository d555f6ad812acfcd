"""Stalls the aggregator's process for a while."""

import random

from venuewatch.rehearsal.world.faults import NONE, Fault
from venuewatch.rehearsal.world.world import World


class AggregatorStalled(Fault, frozen=True):
    """A paused virtual machine, or a debugger."""

    EXPECTED = NONE

    lasts_s: float = 5.0

    def inject(self, world: World, rng: random.Random) -> None:  # noqa: ARG002
        """Freeze the aggregator."""
        world.observer.process.freeze()

    def heal(self, world: World) -> None:
        """Let it go on."""
        world.observer.process.resume()
