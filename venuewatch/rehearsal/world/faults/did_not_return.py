"""A machine says farewell, and stays away."""

import random

from venuewatch.rehearsal.world.faults import Fault
from venuewatch.rehearsal.world.faults._aim import any_host, breaks
from venuewatch.rehearsal.world.world import World


class DidNotReturn(Fault, frozen=True):
    """Wrongly switched off: it says farewell like any other."""

    EXPECTED = "did_not_return"
    AWAY_LIMIT_S = 60.0

    lasts_s: float = 90.0

    def inject(self, world: World, rng: random.Random) -> None:
        """Stop some agent in order."""
        host = any_host(world, rng)
        if host.agent is not None:
            host.agent.stop()
        breaks(world, host)
