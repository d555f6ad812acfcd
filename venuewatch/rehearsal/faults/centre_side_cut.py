"""Cuts most venues off at one moment, where their ways meet."""

import random
from typing import ClassVar

from aggregator.core.losses import CENTRE_SIDE
from venuewatch.rehearsal.faults import Fault
from venuewatch.rehearsal.world.layout import Layout, any_layout
from venuewatch.rehearsal.world.world import World


class CentreSideCut(Fault, frozen=True):
    """A provider of most venues, or a firewall's rule; the others come another way."""

    EXPECTED = "centre_side_loss"
    LOST: ClassVar[int] = 4

    def layout(self, rng: random.Random) -> Layout:
        """Return a fleet of five venues."""
        venues = (*any_layout(rng).venues, *any_layout(rng).venues[:2])
        named = (plan._replace(code=f"V{at}") for at, plan in enumerate(venues, 1))
        return Layout(tuple(named))

    def inject(self, world: World) -> None:
        """Cut the uplinks."""
        world.breaks(CENTRE_SIDE)
        for venue in world.rng.sample(list(world.venues.values()), self.LOST):
            venue.uplink.cut()
