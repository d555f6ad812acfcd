"""The results work, and one of the two that make them redundant is gone."""

from aggregator.core.cases import Case
from aggregator.core.evidence import Verdict
from aggregator.core.rules._feed import judge_state

CAUSE = "redundancy_lost"
RANK = 64


def judge(case: Case) -> Verdict | None:
    """Accuse the feed when its check says so."""
    return judge_state(case, "redundancy_lost", CAUSE)
