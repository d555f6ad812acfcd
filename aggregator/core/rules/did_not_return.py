"""A host said farewell and did not come back in time."""

from aggregator.core.cases import Absence, Case
from aggregator.core.evidence import Evidence, Verdict

CAUSE = "did_not_return"
RANK = 60


def judge(case: Case) -> Verdict | None:
    """Accuse the host of staying away for too long."""
    if not isinstance(case, Absence):
        return None
    detail = {"away_s": round(case.at - case.left_at, 3)}
    return Verdict(CAUSE, (Evidence(case.left_at, case.host.name, "farewell", detail),))
