"""Stops an agent in order, and keeps it away."""

from venuewatch.rehearsal.world.faults._victims import HostFault
from venuewatch.rehearsal.world.venue import SimHost


class DidNotReturn(HostFault, frozen=True):
    """Wrongly switched off: it says farewell like any other."""

    EXPECTED = "did_not_return"
    AWAY_LIMIT_S = 60.0

    lasts_s: float = 90.0

    def hit(self, host: SimHost) -> None:
        """Stop it in order."""
        if host.agent is not None:
            host.agent.stop()
