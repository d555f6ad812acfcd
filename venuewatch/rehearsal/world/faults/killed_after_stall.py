"""An agent ends soon after the aggregator was stalled."""

from venuewatch.rehearsal.world.faults import Sequence
from venuewatch.rehearsal.world.faults.agent_killed import AgentKilled
from venuewatch.rehearsal.world.faults.aggregator_stalled import AggregatorStalled


class KilledAfterStall(Sequence, frozen=True):
    """A stall that is over excuses nothing."""

    EXPECTED = "agent_stopped"
    FIRST = AggregatorStalled
    SECOND = AgentKilled
    TOLD_WITHIN_S = 1.0
    TOLD_WITHIN_TRIPS = 6.0
