"""A results feed says nothing when it should."""

import random

from venuewatch.rehearsal.world.faults import Fault
from venuewatch.rehearsal.world.faults._aim import spoil_feed
from venuewatch.rehearsal.world.world import World


class FeedSilent(Fault, frozen=True):
    """A results server that is gone."""

    EXPECTED = "results_silent"

    def inject(self, world: World, rng: random.Random) -> None:
        """Spoil some feed."""
        spoil_feed(world, rng, "silent")
