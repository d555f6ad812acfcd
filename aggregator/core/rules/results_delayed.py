"""The results move, but come too late."""

from aggregator.core.cases import Case
from aggregator.core.evidence import Verdict
from aggregator.core.rules._feed import judge_state

CAUSE = "results_delayed"
RANK = 62


def judge(case: Case) -> Verdict | None:
    """Accuse the feed when its check says so."""
    return judge_state(case, "delayed", CAUSE)
