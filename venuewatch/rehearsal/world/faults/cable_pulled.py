"""A machine is unplugged, and runs on."""

import random

from venuewatch.rehearsal.world.faults import AroundKeepalive
from venuewatch.rehearsal.world.faults._aim import any_host, breaks
from venuewatch.rehearsal.world.world import World


class CablePulled(AroundKeepalive, frozen=True):
    """From outside it is as gone as one without power."""

    EXPECTED = "host_down"

    def inject(self, world: World, rng: random.Random) -> None:
        """Take out some cable."""
        host = any_host(world, rng)
        host.machine.plug("out")
        breaks(world, host)
