"""An agent ends soon after its venue's line came back."""

from venuewatch.rehearsal.world.faults import Sequence
from venuewatch.rehearsal.world.faults.agent_killed import AgentKilled
from venuewatch.rehearsal.world.faults.uplink_cut import UplinkCut


class KilledAfterCut(Sequence, frozen=True):
    """The grace that follows a cut must not hide a connection that was closed."""

    EXPECTED = "venue_unreachable|agent_stopped"
    FIRST = UplinkCut
    SECOND = AgentKilled
    TOLD_WITHIN_S = 1.0
    TOLD_WITHIN_TRIPS = 6.0
