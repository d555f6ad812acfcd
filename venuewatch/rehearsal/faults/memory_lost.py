"""Takes the aggregator's journal away while it is restarted."""

from aggregator.core.incidents.troubles import subject_of
from aggregator.core.verdicts.causes import Cause
from venuewatch.rehearsal.faults import Fault
from venuewatch.rehearsal.world.world import World


class MemoryLost(Fault, frozen=True):
    """A disk that was replaced: the next run begins with nothing, says so, and accuses nobody."""

    EXPECTED = "memory_lost"
    TOLD_WITHIN_S = 10.0
    CONVERGES_WITHIN_S = 400.0  # it is told for 300 s

    lasts_s: float = 20.0
    away_s: float = 2.0

    def inject(self, world: World) -> None:
        """Kill the aggregator, take its journal away, and start it again."""
        world.observer.kill()
        world.observer.journal.is_lost = True
        world.loop.after(self.away_s, world.observer.start)
        world.breaks(subject_of(Cause.MEMORY_LOST))
