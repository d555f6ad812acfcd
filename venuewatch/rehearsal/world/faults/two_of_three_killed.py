"""Two of a venue's three agents end at once."""

import random

from venuewatch.rehearsal.world.faults import Fault
from venuewatch.rehearsal.world.faults._aim import breaks, first_venue, with_hosts
from venuewatch.rehearsal.world.layout import Layout
from venuewatch.rehearsal.world.world import World


class TwoOfThreeKilled(Fault, frozen=True):
    """Most of a venue is silent, and its uplink works."""

    EXPECTED = "agent_stopped"

    def layout(self, rng: random.Random) -> Layout:
        """Return a fleet with a venue of three hosts."""
        return with_hosts(rng, 3)

    def inject(self, world: World, rng: random.Random) -> None:
        """Kill two of the three."""
        for host in rng.sample(list(first_venue(world).hosts.values()), 2):
            host.kill_agent()
            breaks(world, host)
