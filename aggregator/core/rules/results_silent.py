"""Nothing comes from the results server inside its talking window."""

from aggregator.core.cases import Case
from aggregator.core.evidence import Verdict
from aggregator.core.rules._feed import judge_state

CAUSE = "results_silent"
RANK = 63


def judge(case: Case) -> Verdict | None:
    """Accuse the feed when its check says so."""
    return judge_state(case, "silent", CAUSE)
