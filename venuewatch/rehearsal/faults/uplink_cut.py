"""Cuts a venue's uplink: both ways, or one in its variants."""

from venuewatch.rehearsal.faults._victims import VenueFault
from venuewatch.rehearsal.world.venue import SimVenue


class UplinkCut(VenueFault, frozen=True):
    """Both fibres dug up."""

    EXPECTED = "venue_unreachable"
    LASTS_AROUND_KEEPALIVE = True
    TOLD_WITHIN_S = 8.0
    TOLD_WITHIN_TRIPS = 6.0
    up: bool = True
    down: bool = True

    def hit(self, venue: SimVenue) -> None:
        """Cut it, in these directions."""
        venue.uplink.cut(up=self.up, down=self.down)
