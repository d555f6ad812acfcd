"""Two of a venue's three machines lose their power."""

import random

from venuewatch.rehearsal.world.faults import AroundKeepalive
from venuewatch.rehearsal.world.faults._aim import breaks, first_venue, with_hosts
from venuewatch.rehearsal.world.layout import Layout
from venuewatch.rehearsal.world.world import World


class TwoOfThreeOff(AroundKeepalive, frozen=True):
    """A fuse: most of a venue is silent, and its uplink works."""

    EXPECTED = "host_down"

    def layout(self, rng: random.Random) -> Layout:
        """Return a fleet with a venue of three hosts."""
        return with_hosts(rng, 3)

    def inject(self, world: World, rng: random.Random) -> None:
        """Switch two of the three off."""
        for host in rng.sample(list(first_venue(world).hosts.values()), 2):
            host.power_off()
            breaks(world, host)
