"""The machine lives and its agent does not: the connection was closed, a neighbour reaches it."""

from aggregator.core.cases import Case, Silence
from aggregator.core.evidence import Verdict
from aggregator.core.rules._silence import seen_of

CAUSE = "agent_stopped"
RANK = 50


def judge(case: Case) -> Verdict | None:
    """Accuse the agent when its will came before the deadline and its machine answers."""
    if not isinstance(case, Silence):
        return None
    if case.host.closed_at is None or case.inquiry.reached_by is None:
        return None
    return Verdict(CAUSE, seen_of(case))
