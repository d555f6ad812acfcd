"""Ends an agent's process at once."""

from venuewatch.rehearsal.faults._victims import HostFault
from venuewatch.rehearsal.world.venue import SimHost


class AgentKilled(HostFault, frozen=True):
    """SIGKILL, or the kernel out of memory: the machine lives."""

    EXPECTED = "agent_stopped"
    TOLD_WITHIN_S = 1.0
    TOLD_WITHIN_TRIPS = 6.0

    def hit(self, host: SimHost) -> None:
        """Kill it."""
        host.kill_agent()
