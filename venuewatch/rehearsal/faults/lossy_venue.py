"""Lets a venue's uplink lose more packets, as a satellite in rain does."""

import msgspec

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults import NONE, Mending
from venuewatch.rehearsal.faults._victims import VenueFault
from venuewatch.rehearsal.live.world import World as LiveWorld
from venuewatch.rehearsal.world.venue import SimVenue


class LossyVenue(VenueFault, frozen=True):
    """Both ways lose a share ``loss`` of what they carry as a rule, and take ``delay_s`` more."""

    EXPECTED = NONE
    SEEN_BY = "loss"

    loss: float = 0.02
    delay_s: float = 0.0

    def hit(self, venue: SimVenue) -> None:
        """Let it lose."""
        for leg in (venue.uplink.up, venue.uplink.down):
            leg.loss = self._more(leg.loss)
            leg.delay_s += self.delay_s

    def begin_live(self, world: LiveWorld, subject: Subject) -> Mending:
        """Have the real line lose."""
        made = world.lans[subject.venue].uplink.way
        delay_s, loss = made.delay_s + self.delay_s, self._more(made.loss)
        lossy = msgspec.structs.replace(made, loss=loss, delay_s=delay_s)
        return world.change_line(subject.venue, lossy, lossy, lasts_s=self.longest_s).end

    def _more(self, loss: float) -> float:
        return 1 - (1 - loss) * (1 - self.loss)
