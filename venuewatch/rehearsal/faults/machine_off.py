"""Takes the power of a machine."""

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults import Mending
from venuewatch.rehearsal.faults._victims import HostFault
from venuewatch.rehearsal.live.world import World as LiveWorld
from venuewatch.rehearsal.world.venue import SimHost


class MachineOff(HostFault, frozen=True):
    """Nothing is closed in order: the machine just is not there."""

    EXPECTED = "host_down"
    SEEN_BY = "line"
    ENDS = frozenset({"unanswered", "mend"})
    LASTS_AROUND_KEEPALIVE = True
    TOLD_WITHIN_S = 8.0
    TOLD_WITHIN_TRIPS = 6.0

    def hit(self, host: SimHost) -> None:
        """Switch it off."""
        host.power_off()

    def begin_live(self, world: LiveWorld, subject: Subject) -> Mending:
        """Let the machine die."""
        host = world.hosts[subject.host]
        host.power_off(lasts_s=self.longest_s)
        return host.power_on
