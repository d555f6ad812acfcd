"""The connection was closed, and nobody (yet) could say how the machine is."""

from aggregator.core.cases import Case, Silence
from aggregator.core.evidence import Verdict
from aggregator.core.rules._silence import seen_of

CAUSE = "connection_lost"
RANK = 58


def judge(case: Case) -> Verdict | None:
    """Say that the connection was closed; a neighbour's word makes it sharper."""
    if not isinstance(case, Silence):
        return None
    if case.host.closed_at is None:
        return None
    return Verdict(CAUSE, seen_of(case))
