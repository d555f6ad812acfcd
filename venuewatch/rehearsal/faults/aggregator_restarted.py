"""Ends the aggregator's process, and starts it again."""

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults import NONE, Mending
from venuewatch.rehearsal.faults._victims import CentreFault
from venuewatch.rehearsal.live.world import World as LiveWorld
from venuewatch.rehearsal.world.world import World


class AggregatorRestarted(CentreFault, frozen=True):
    """An upgrade of the centre."""

    EXPECTED = NONE
    SEEN_BY = "aggregator"

    lasts_s: float = 2.0

    def hit(self, world: World) -> None:
        """Kill the aggregator."""
        world.observer.kill()

    def heal(self, world: World) -> None:
        """Start it again."""
        world.observer.start()

    def begin_live(self, world: LiveWorld, _: Subject) -> Mending:
        """Kill the real aggregator."""
        return world.end(world.aggregator, lasts_s=self.longest_s)
