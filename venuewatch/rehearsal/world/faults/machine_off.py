"""A machine loses its power."""

import random

from venuewatch.rehearsal.world.faults import AroundKeepalive
from venuewatch.rehearsal.world.faults._aim import any_host, breaks
from venuewatch.rehearsal.world.world import World


class MachineOff(AroundKeepalive, frozen=True):
    """Nothing is closed in order: the machine just is not there."""

    EXPECTED = "host_down"

    def inject(self, world: World, rng: random.Random) -> None:
        """Switch some machine off."""
        host = any_host(world, rng)
        host.power_off()
        breaks(world, host)
