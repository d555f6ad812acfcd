"""A venue's uplink is cut soon after the broker was restarted."""

from venuewatch.rehearsal.world.faults import Sequence
from venuewatch.rehearsal.world.faults.broker_restarted import BrokerRestarted
from venuewatch.rehearsal.world.faults.uplink_cut import UplinkCut


class CutAfterBrokerRestart(Sequence, frozen=True):
    """A fleet that is coming back does not hide a venue that is gone."""

    EXPECTED = "venue_unreachable"
    FIRST = BrokerRestarted
    SECOND = UplinkCut
    TOLD_WITHIN_S = 8.0
    TOLD_WITHIN_TRIPS = 6.0
