"""Ends the aggregator's process, and starts it again."""

from venuewatch.rehearsal.faults import NONE
from venuewatch.rehearsal.faults._victims import CentreFault
from venuewatch.rehearsal.world.world import World


class AggregatorRestarted(CentreFault, frozen=True):
    """An upgrade of the centre."""

    EXPECTED = NONE

    lasts_s: float = 2.0

    def hit(self, world: World) -> None:
        """Kill the aggregator."""
        world.observer.kill()

    def heal(self, world: World) -> None:
        """Start it again."""
        world.observer.start()
