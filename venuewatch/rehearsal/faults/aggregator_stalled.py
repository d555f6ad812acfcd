"""Stalls the aggregator's process for a while."""

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults import NOBODY_JUDGED, NONE, Mending
from venuewatch.rehearsal.faults._victims import CentreFault
from venuewatch.rehearsal.live.world import World as LiveWorld
from venuewatch.rehearsal.world.world import World


class AggregatorStalled(CentreFault, frozen=True):
    """A paused virtual machine, or a debugger."""

    EXPECTED = NONE
    SEEN_BY = "aggregator"
    ALSO = NOBODY_JUDGED

    lasts_s: float = 5.0

    def hit(self, world: World) -> None:
        """Freeze the aggregator."""
        world.observer.process.freeze()

    def heal(self, world: World) -> None:
        """Let it go on."""
        world.observer.process.resume()

    def begin_live(self, world: LiveWorld, _: Subject) -> Mending:
        """Stop the real aggregator."""
        return world.freeze(world.aggregator, lasts_s=self.longest_s).end
