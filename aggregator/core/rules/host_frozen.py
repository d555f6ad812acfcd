"""The machine answers its neighbours and says nothing, and nobody closed its connection."""

from aggregator.core.cases import Case, Silence
from aggregator.core.evidence import Verdict
from aggregator.core.rules._silence import seen_of

CAUSE = "host_frozen"
RANK = 51


def judge(case: Case) -> Verdict | None:
    """Accuse the host of hanging when it answers a neighbour and its connection was not closed."""
    if not isinstance(case, Silence):
        return None
    if case.host.closed_at is not None or case.inquiry.reached_by is None:
        return None
    return Verdict(CAUSE, seen_of(case))
