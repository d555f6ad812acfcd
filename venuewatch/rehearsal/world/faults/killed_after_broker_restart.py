"""An agent ends soon after the broker was restarted."""

from venuewatch.rehearsal.world.faults import Sequence
from venuewatch.rehearsal.world.faults.agent_killed import AgentKilled
from venuewatch.rehearsal.world.faults.broker_restarted import BrokerRestarted


class KilledAfterBrokerRestart(Sequence, frozen=True):
    """Its will is no longer one of those that the broker said for itself."""

    EXPECTED = "agent_stopped"
    FIRST = BrokerRestarted
    SECOND = AgentKilled
    TOLD_WITHIN_S = 1.0
    TOLD_WITHIN_TRIPS = 6.0
