"""An agent's process ends at once."""

import random

from venuewatch.rehearsal.world.faults import Fault
from venuewatch.rehearsal.world.faults._aim import any_host, breaks
from venuewatch.rehearsal.world.world import World


class AgentKilled(Fault, frozen=True):
    """SIGKILL, or the kernel out of memory: the machine lives."""

    EXPECTED = "agent_stopped"

    def inject(self, world: World, rng: random.Random) -> None:
        """Kill some agent."""
        host = any_host(world, rng)
        host.kill_agent()
        breaks(world, host)
