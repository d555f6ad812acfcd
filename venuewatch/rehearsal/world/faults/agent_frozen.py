"""An agent's process hangs; its machine's kernel still answers."""

import random

from venuewatch.rehearsal.world.faults import AroundKeepalive
from venuewatch.rehearsal.world.faults._aim import any_host, breaks
from venuewatch.rehearsal.world.world import World


class AgentFrozen(AroundKeepalive, frozen=True):
    """SIGSTOP, or a machine that swaps itself to a standstill."""

    EXPECTED = "host_frozen"

    def inject(self, world: World, rng: random.Random) -> None:
        """Freeze some agent."""
        host = any_host(world, rng)
        host.freeze_agent()
        breaks(world, host)
