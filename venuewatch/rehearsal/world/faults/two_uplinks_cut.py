"""Cuts two uplinks together; a third is whole."""

from venuewatch.rehearsal.world.faults.uplink_cut import UplinkCut


class TwoUplinksCut(UplinkCut, frozen=True):
    """One provider's line to two halls."""

    VICTIMS = 2
