"""Cuts a venue's uplink downward."""

from venuewatch.rehearsal.world.faults._victims import VenueFault
from venuewatch.rehearsal.world.venue import SimVenue


class UplinkCutDownward(VenueFault, frozen=True):
    """One fibre of a pair; without acknowledgements nothing comes up either."""

    EXPECTED = "venue_unreachable"
    LASTS_AROUND_KEEPALIVE = True

    def hit(self, venue: SimVenue) -> None:
        """Cut the way down."""
        venue.uplink.down.is_cut = True
