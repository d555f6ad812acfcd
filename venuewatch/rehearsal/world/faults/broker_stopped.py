"""Kills the broker."""

from venuewatch.rehearsal.world.faults._victims import CentreFault
from venuewatch.rehearsal.world.world import World


class BrokerStopped(CentreFault, frozen=True):
    """A crash: no will is said, every connection is closed."""

    EXPECTED = "broker_down"

    def hit(self, world: World) -> None:
        """Kill the broker."""
        world.broker.kill()

    def heal(self, world: World) -> None:
        """Start it again."""
        world.broker.start()
