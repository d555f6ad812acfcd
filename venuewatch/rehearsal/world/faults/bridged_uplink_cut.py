"""Cuts the uplink of a venue with a broker of its own."""

from venuewatch.rehearsal.world.faults.uplink_cut import UplinkCut


class BridgedUplinkCut(UplinkCut, frozen=True):
    """Hosts and local broker go on talking, and the centre hears nothing."""

    IS_BRIDGED = True
