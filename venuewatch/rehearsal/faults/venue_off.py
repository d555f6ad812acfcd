"""Takes the power of all machines of a venue."""

from collections.abc import Collection
from contextlib import ExitStack

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults import Mending
from venuewatch.rehearsal.faults._victims import VenueFault
from venuewatch.rehearsal.live.world import World as LiveWorld
from venuewatch.rehearsal.world.venue import SimVenue
from venuewatch.rehearsal.world.world import World


class VenueOff(VenueFault, frozen=True):
    """No host is left that could tell it from a cut."""

    EXPECTED = "venue_unreachable"
    SEEN_BY = "line"
    ENDS = frozenset({"unanswered", "mend"})
    LASTS_AROUND_KEEPALIVE = True

    def hit(self, venue: SimVenue) -> None:
        """Switch everything off."""
        for host in venue.hosts.values():
            host.power_off()

    def mend(self, world: World, subjects: Collection[Subject]) -> None:
        """Give everything there power again, in the same moment."""
        for subject in subjects:
            for host in world.venues[subject.venue].hosts.values():
                host.mend()

    def heal(self, world: World) -> None:
        """Give everything power again."""
        for host in world.hosts():
            host.mend()

    def begin_live(self, world: LiveWorld, subject: Subject) -> Mending:
        """Let all machines die."""
        mending = ExitStack()
        for host in world.venue(subject.venue):
            host.power_off(lasts_s=self.longest_s)
            mending.callback(host.power_on)
        return mending.close
