"""The host says nothing, and nobody (yet) could say why: the honest word for not knowing."""

from aggregator.core.cases import Case, Silence
from aggregator.core.evidence import Verdict
from aggregator.core.rules._silence import seen_of

CAUSE = "silent"
RANK = 59


def judge(case: Case) -> Verdict | None:
    """Say that the host is silent; a neighbour's word makes it sharper."""
    if not isinstance(case, Silence):
        return None
    return Verdict(CAUSE, seen_of(case))
