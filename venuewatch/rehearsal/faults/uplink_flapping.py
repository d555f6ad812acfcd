"""Cuts and mends a venue's uplink, again and again."""

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults import Mending
from venuewatch.rehearsal.faults._victims import VenueFault
from venuewatch.rehearsal.live.world import World as LiveWorld
from venuewatch.rehearsal.stage.delay_line import Way
from venuewatch.rehearsal.world.venue import SimVenue


class UplinkFlapping(VenueFault, frozen=True):
    """A loose plug. The damping holds the incident open until its penalty has faded."""

    EXPECTED = "flapping"
    SEEN_BY = "line"
    ENDS = frozenset({"unanswered", "mend"})
    INCIDENTS_MAX = 4
    CONVERGES_WITHIN_S = 1_500.0  # four falls fade below the limit in 12 min, at a half-life of 5

    lasts_s: float = 160.0
    falls: int = 4
    every_s: float = 40.0
    down_s: float = 15.0

    def hit(self, venue: SimVenue) -> None:
        """Cut and mend it, again and again."""
        for number in range(self.falls):
            venue.loop.after(number * self.every_s, venue.uplink.cut)
            venue.loop.after(number * self.every_s + self.down_s, venue.uplink.mend)

    def begin_live(self, world: LiveWorld, subject: Subject) -> Mending:
        """Cut the real line, again and again; each cut ends by its own length."""
        cut = Way(is_cut=True)

        def fall() -> None:
            world.change_line(subject.venue, cut, cut, lasts_s=self.down_s)

        return world.timetable.play((number * self.every_s, fall) for number in range(self.falls))
