"""Cuts every venue from the centre, where everything works."""

from venuewatch.rehearsal.faults._victims import CentreFault
from venuewatch.rehearsal.world.world import World


class CentreCutOff(CentreFault, frozen=True):
    """The centre's own line to the world."""

    EXPECTED = "aggregator_blind"

    def hit(self, world: World) -> None:
        """Cut every uplink."""
        for venue in world.venues.values():
            venue.uplink.cut()
