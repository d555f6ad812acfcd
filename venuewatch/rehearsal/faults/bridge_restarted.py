"""Breaks the connection of a venue's own broker to the centre's for a moment."""

from venuewatch.rehearsal.faults._victims import VenueFault
from venuewatch.rehearsal.world.venue import SimVenue


class BridgeRestarted(VenueFault, frozen=True):
    """Beats are lost for up to some seconds, and old births and deaths are said again as if new."""

    EXPECTED = "none|venue_unreachable"
    IS_BRIDGED = True

    lasts_s: float = 10.0

    def hit(self, venue: SimVenue) -> None:
        """Have the bridge connect again."""
        if venue.bridge is not None:
            venue.bridge.hang_up()
