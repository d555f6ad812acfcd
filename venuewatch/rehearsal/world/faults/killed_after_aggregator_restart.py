"""An agent ends soon after the aggregator was restarted."""

from venuewatch.rehearsal.world.faults import Sequence
from venuewatch.rehearsal.world.faults.agent_killed import AgentKilled
from venuewatch.rehearsal.world.faults.aggregator_restarted import AggregatorRestarted


class KilledAfterAggregatorRestart(Sequence, frozen=True):
    """A host that was seen since the restart is judged as ever."""

    EXPECTED = "agent_stopped"
    FIRST = AggregatorRestarted
    SECOND = AgentKilled
    TOLD_WITHIN_S = 1.0
    TOLD_WITHIN_TRIPS = 6.0
