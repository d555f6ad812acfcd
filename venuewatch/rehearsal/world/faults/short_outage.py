"""Cuts a venue's uplink for less than its margin."""

from venuewatch.rehearsal.world.faults import NONE
from venuewatch.rehearsal.world.faults.uplink_cut import UplinkCut


class ShortOutage(UplinkCut, frozen=True):
    """A switch that relearns its routes."""

    EXPECTED = NONE
    LASTS_AROUND_KEEPALIVE = False

    lasts_s: float = 0.8
