"""Ends the broker, and starts it again a moment later."""

import random

from venuewatch.rehearsal.world.faults import NONE, Fault
from venuewatch.rehearsal.world.world import World


class BrokerRestarted(Fault, frozen=True):
    """An upgrade of the broker."""

    EXPECTED = NONE

    lasts_s: float = 2.0

    def inject(self, world: World, rng: random.Random) -> None:
        """End the broker, in order or not."""
        if rng.random() < 0.5:  # noqa: PLR2004 - a coin
            world.broker.stop()
        else:
            world.broker.kill()

    def heal(self, world: World) -> None:
        """Start it again."""
        world.broker.start()
