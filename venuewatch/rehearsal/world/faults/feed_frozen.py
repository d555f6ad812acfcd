"""A results feed talks, and its data stands still."""

import random

from venuewatch.rehearsal.world.faults import Fault
from venuewatch.rehearsal.world.faults._aim import spoil_feed
from venuewatch.rehearsal.world.world import World


class FeedFrozen(Fault, frozen=True):
    """A publishing job that hangs."""

    EXPECTED = "results_frozen"

    def inject(self, world: World, rng: random.Random) -> None:
        """Spoil some feed."""
        spoil_feed(world, rng, "frozen")
