"""Stalls the aggregator's process for a while."""

from venuewatch.rehearsal.faults import NOBODY_JUDGED, NONE
from venuewatch.rehearsal.faults._victims import CentreFault
from venuewatch.rehearsal.world.world import World


class AggregatorStalled(CentreFault, frozen=True):
    """A paused virtual machine, or a debugger."""

    EXPECTED = NONE
    ALSO = NOBODY_JUDGED

    lasts_s: float = 5.0

    def hit(self, world: World) -> None:
        """Freeze the aggregator."""
        world.observer.process.freeze()

    def heal(self, world: World) -> None:
        """Let it go on."""
        world.observer.process.resume()
