"""Lets a venue's uplink lose more packets, as a satellite in rain does."""

from venuewatch.rehearsal.faults import NONE
from venuewatch.rehearsal.faults._victims import VenueFault
from venuewatch.rehearsal.world.venue import SimVenue


class LossyVenue(VenueFault, frozen=True):
    """Both ways lose a share ``loss`` of all packets, and take ``delay_s`` more."""

    EXPECTED = NONE
    SEEN_BY = "loss"

    loss: float = 0.02
    delay_s: float = 0.0

    def hit(self, venue: SimVenue) -> None:
        """Let it lose."""
        for leg in (venue.uplink.up, venue.uplink.down):
            leg.loss = self.loss
            leg.delay_s += self.delay_s
