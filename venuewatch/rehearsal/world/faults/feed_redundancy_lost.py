"""One of a results feed's two sources is gone."""

import random

from venuewatch.rehearsal.world.faults import Fault
from venuewatch.rehearsal.world.faults._aim import spoil_feed
from venuewatch.rehearsal.world.world import World


class FeedRedundancyLost(Fault, frozen=True):
    """The results still work: that is why somebody has to be told."""

    EXPECTED = "redundancy_lost"

    def inject(self, world: World, rng: random.Random) -> None:
        """Spoil some feed."""
        spoil_feed(world, rng, "redundancy_lost")
