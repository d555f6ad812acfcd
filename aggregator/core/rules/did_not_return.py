"""A host said farewell and did not come back in time."""

from aggregator.core.cases import Absence, Case
from aggregator.core.evidence import Evidence, Verdict, Wait

CAUSE = "did_not_return"
RANK = 60


def judge(case: Case) -> Verdict | Wait | None:
    """Accuse the host of staying away for too long; while its venue is cut it cannot return."""
    if not isinstance(case, Absence):
        return None
    if case.is_cut:
        return Wait(case.back_by)
    detail = {"away_s": round(case.at - case.left_at, 3)}
    return Verdict(CAUSE, (Evidence(case.left_at, case.host.name, "farewell", detail),))
