"""Forty hosts of one venue come back at once."""

import random

from venuewatch.rehearsal.world.faults import NONE, Fault
from venuewatch.rehearsal.world.faults._aim import with_hosts
from venuewatch.rehearsal.world.layout import Layout
from venuewatch.rehearsal.world.world import World


class HerdAfterBrokerRestart(Fault, frozen=True):
    """A broker's restart under a large venue."""

    EXPECTED = NONE

    lasts_s: float = 2.0
    hosts: int = 40

    def layout(self, rng: random.Random) -> Layout:
        """Return a fleet with one large venue."""
        return with_hosts(rng, self.hosts)

    def inject(self, world: World, rng: random.Random) -> None:
        """End the broker, in order or not."""
        if rng.random() < 0.5:  # noqa: PLR2004 - a coin
            world.broker.stop()
        else:
            world.broker.kill()

    def heal(self, world: World) -> None:
        """Start it again."""
        world.broker.start()
