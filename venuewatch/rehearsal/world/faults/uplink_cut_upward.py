"""Cuts a venue's uplink upward."""

from venuewatch.rehearsal.world.faults._victims import VenueFault
from venuewatch.rehearsal.world.venue import SimVenue


class UplinkCutUpward(VenueFault, frozen=True):
    """One fibre of a pair; without acknowledgements the other soon carries nothing either."""

    EXPECTED = "venue_unreachable"
    LASTS_AROUND_KEEPALIVE = True

    def hit(self, venue: SimVenue) -> None:
        """Cut the way up."""
        venue.uplink.up.is_cut = True
