"""Ends an agent's process at once."""

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults import Mending
from venuewatch.rehearsal.faults._victims import HostFault
from venuewatch.rehearsal.live.world import World as LiveWorld
from venuewatch.rehearsal.world.venue import SimHost


class AgentKilled(HostFault, frozen=True):
    """SIGKILL, or the kernel out of memory: the machine lives."""

    EXPECTED = "agent_stopped"
    SEEN_BY = "agent"
    ENDS = frozenset({"begin"})
    TOLD_WITHIN_S = 1.0
    TOLD_WITHIN_TRIPS = 6.0

    def hit(self, host: SimHost) -> None:
        """Kill it."""
        host.kill_agent()

    def begin_live(self, world: LiveWorld, subject: Subject) -> Mending:
        """Kill the real agent."""
        return world.hosts[subject.host].end_agent(lasts_s=self.longest_s)
