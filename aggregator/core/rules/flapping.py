"""It falls and rises again and again: one incident for all of it."""

from aggregator.core.cases import Case, Falls
from aggregator.core.evidence import CENTRE, Evidence, Verdict

CAUSE = "flapping"
RANK = 80

SUPPRESS = 2_500.0
"""The penalty from which on single falls are no news; see ``aggregator/core/damping.py``."""


def judge(case: Case) -> Verdict | None:
    """Say so when the falls add up to more than the limit."""
    if not isinstance(case, Falls) or case.penalty < SUPPRESS:
        return None
    detail = {"falls": case.falls, "penalty": round(case.penalty)}
    return Verdict(CAUSE, (Evidence(case.at, CENTRE, "falls", detail),))
