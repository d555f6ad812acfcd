"""Hangs the broker's process; its kernel still takes connections."""

from venuewatch.rehearsal.faults._victims import CentreFault
from venuewatch.rehearsal.world.world import World


class BrokerFrozen(CentreFault, frozen=True):
    """A disk that blocks, or SIGSTOP."""

    EXPECTED = "broker_down"

    lasts_s: float = 20.0

    def hit(self, world: World) -> None:
        """Freeze the broker."""
        world.broker.process.freeze()

    def heal(self, world: World) -> None:
        """Let it go on."""
        world.broker.process.resume()
