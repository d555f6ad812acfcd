"""Cuts a venue off, and restarts the aggregator meanwhile."""

from venuewatch.rehearsal.faults import Fault
from venuewatch.rehearsal.faults._victims import any_venue, breaks_venue
from venuewatch.rehearsal.world.world import World


class AggregatorRestartedInCut(Fault, frozen=True):
    """Each run reports the venue once, and nothing else."""

    EXPECTED = "venue_unreachable"
    INCIDENTS_MAX = 2

    lasts_s: float = 60.0
    before_s: float = 8.0
    away_s: float = 2.0

    def inject(self, world: World) -> None:
        """Cut some uplink, then restart the aggregator."""
        venue = any_venue(world)
        venue.uplink.cut()
        breaks_venue(world, venue)
        world.loop.after(self.before_s, world.observer.kill)
        world.loop.after(self.before_s + self.away_s, world.observer.start)
