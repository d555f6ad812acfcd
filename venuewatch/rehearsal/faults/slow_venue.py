"""Slows a venue's uplink down, and loses nothing."""

import msgspec

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults import NONE, Mending
from venuewatch.rehearsal.faults._victims import VenueFault
from venuewatch.rehearsal.live.world import World as LiveWorld
from venuewatch.rehearsal.world.venue import SimVenue


class SlowVenue(VenueFault, frozen=True):
    """A full queue on both ways: a look-alike of a cut, and all within the margin.

    An agent writes no beat before the last one is acknowledged, so a way of a second is too slow.
    """

    EXPECTED = NONE
    SEEN_BY = "line"
    ENDS = frozenset()

    delay_s: float = 0.3

    def hit(self, venue: SimVenue) -> None:
        """Delay what comes and goes."""
        for leg in (venue.uplink.up, venue.uplink.down):
            leg.delay_s += self.delay_s

    def begin_live(self, world: LiveWorld, subject: Subject) -> Mending:
        """Have the line delay what comes and goes."""
        made = world.lans[subject.venue].uplink.way
        slow = msgspec.structs.replace(made, delay_s=made.delay_s + self.delay_s)
        return world.change_line(subject.venue, slow, slow, lasts_s=self.longest_s).end
