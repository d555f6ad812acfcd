"""Hangs an agent's process; its machine's kernel still answers."""

from venuewatch.rehearsal.faults._victims import HostFault
from venuewatch.rehearsal.world.venue import SimHost


class AgentFrozen(HostFault, frozen=True):
    """SIGSTOP, or a machine that swaps itself to a standstill."""

    EXPECTED = "host_frozen"
    LASTS_AROUND_KEEPALIVE = True

    def hit(self, host: SimHost) -> None:
        """Freeze it."""
        host.freeze_agent()
