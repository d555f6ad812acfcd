"""A results feed comes late."""

import random

from venuewatch.rehearsal.world.faults import Fault
from venuewatch.rehearsal.world.faults._aim import spoil_feed
from venuewatch.rehearsal.world.world import World


class FeedDelayed(Fault, frozen=True):
    """An overloaded results server."""

    EXPECTED = "results_delayed"

    def inject(self, world: World, rng: random.Random) -> None:
        """Spoil some feed."""
        spoil_feed(world, rng, "delayed")
