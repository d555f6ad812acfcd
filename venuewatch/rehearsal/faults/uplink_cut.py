"""Cuts a venue's uplink: both ways, or one in its variants."""

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults import Mending
from venuewatch.rehearsal.faults._victims import VenueFault
from venuewatch.rehearsal.live.world import World as LiveWorld
from venuewatch.rehearsal.stage.delay_line import Way
from venuewatch.rehearsal.world.venue import SimVenue


class UplinkCut(VenueFault, frozen=True):
    """Both fibres dug up."""

    EXPECTED = "venue_unreachable"
    SEEN_BY = "line"
    ENDS = frozenset({"unanswered", "mend"})
    LASTS_AROUND_KEEPALIVE = True
    TOLD_WITHIN_S = 8.0
    TOLD_WITHIN_TRIPS = 6.0
    up: bool = True
    down: bool = True

    def hit(self, venue: SimVenue) -> None:
        """Cut it, in these directions."""
        venue.uplink.cut(up=self.up, down=self.down)

    def begin_live(self, world: LiveWorld, subject: Subject) -> Mending:
        """Have the line carry nothing in these directions."""
        made = world.lans[subject.venue].uplink.way
        cut = Way(is_cut=True)
        up, down = cut if self.up else made, cut if self.down else made
        return world.change_line(subject.venue, up, down, lasts_s=self.longest_s).end
