"""Takes the power of a machine."""

from venuewatch.rehearsal.faults._victims import HostFault
from venuewatch.rehearsal.world.venue import SimHost


class MachineOff(HostFault, frozen=True):
    """Nothing is closed in order: the machine just is not there."""

    EXPECTED = "host_down"
    LASTS_AROUND_KEEPALIVE = True
    TOLD_WITHIN_S = 8.0
    TOLD_WITHIN_TRIPS = 6.0

    def hit(self, host: SimHost) -> None:
        """Switch it off."""
        host.power_off()
