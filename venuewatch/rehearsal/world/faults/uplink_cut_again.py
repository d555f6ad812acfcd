"""A venue's uplink is cut again soon after it was mended."""

from venuewatch.rehearsal.world.faults import Sequence
from venuewatch.rehearsal.world.faults.uplink_cut import UplinkCut


class UplinkCutAgain(Sequence, frozen=True):
    """A venue that just came back is judged as ever."""

    EXPECTED = "venue_unreachable"
    FIRST = UplinkCut
    SECOND = UplinkCut
    TOLD_WITHIN_S = 8.0
    TOLD_WITHIN_TRIPS = 6.0
