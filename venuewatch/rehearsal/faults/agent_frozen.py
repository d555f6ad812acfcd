"""Hangs an agent's process; its machine's kernel still answers."""

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults import Mending
from venuewatch.rehearsal.faults._victims import HostFault
from venuewatch.rehearsal.live.world import World as LiveWorld
from venuewatch.rehearsal.world.venue import SimHost


class AgentFrozen(HostFault, frozen=True):
    """SIGSTOP, or a machine that swaps itself to a standstill."""

    EXPECTED = "host_frozen"
    SEEN_BY = "agent"
    ENDS = frozenset({"unanswered", "mend"})
    LASTS_AROUND_KEEPALIVE = True

    def hit(self, host: SimHost) -> None:
        """Freeze it."""
        host.freeze_agent()

    def begin_live(self, world: LiveWorld, subject: Subject) -> Mending:
        """Stop the real agent."""
        agent = world.hosts[subject.host].agent
        return world.freeze(agent, lasts_s=self.longest_s).end
