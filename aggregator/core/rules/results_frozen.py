"""The results server talks, and its data does not move while units are live."""

from aggregator.core.cases import Case
from aggregator.core.evidence import Verdict
from aggregator.core.rules._feed import judge_state

CAUSE = "results_frozen"
RANK = 61


def judge(case: Case) -> Verdict | None:
    """Accuse the feed when its check says so."""
    return judge_state(case, "frozen", CAUSE)
