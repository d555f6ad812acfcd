"""The machine is gone: no neighbour that could try finds a way to it."""

from aggregator.core.cases import Case, Silence
from aggregator.core.evidence import Verdict
from aggregator.core.rules._silence import seen_of

CAUSE = "host_down"
RANK = 52


def judge(case: Case) -> Verdict | None:
    """Accuse the machine when its neighbours were asked, and none reaches it."""
    if not isinstance(case, Silence):
        return None
    if not case.inquiry.is_unreached:
        return None
    return Verdict(CAUSE, seen_of(case))
