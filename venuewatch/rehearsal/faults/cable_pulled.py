"""Unplugs a machine, which runs on."""

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults import Mending
from venuewatch.rehearsal.faults._victims import HostFault
from venuewatch.rehearsal.live.world import World as LiveWorld
from venuewatch.rehearsal.world.venue import SimHost


class CablePulled(HostFault, frozen=True):
    """From outside it is as gone as one without power."""

    EXPECTED = "host_down"
    SEEN_BY = "line"
    ENDS = frozenset({"unanswered", "mend"})
    LASTS_AROUND_KEEPALIVE = True
    TOLD_WITHIN_S = 8.0
    TOLD_WITHIN_TRIPS = 6.0

    def hit(self, host: SimHost) -> None:
        """Take out its cable."""
        host.machine.plug("out")

    def begin_live(self, world: LiveWorld, subject: Subject) -> Mending:
        """Pull the cable."""
        return world.hosts[subject.host].unplug(lasts_s=self.longest_s).end
