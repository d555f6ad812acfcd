"""A machine loses its power soon after its venue's line came back."""

from venuewatch.rehearsal.world.faults import Sequence
from venuewatch.rehearsal.world.faults.machine_off import MachineOff
from venuewatch.rehearsal.world.faults.uplink_cut import UplinkCut


class OffAfterCut(Sequence, frozen=True):
    """The grace that follows a cut must not hide a host that answers no neighbour."""

    EXPECTED = "venue_unreachable|host_down"
    FIRST = UplinkCut
    SECOND = MachineOff
    TOLD_WITHIN_S = 8.0
    TOLD_WITHIN_TRIPS = 6.0
