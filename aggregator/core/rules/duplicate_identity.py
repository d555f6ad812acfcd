"""Two agents run under one name: their boots alternate."""

from aggregator.core.cases import Boots, Case, Silence
from aggregator.core.evidence import CENTRE, Evidence, Verdict, Wait
from aggregator.core.states import ALIVE

CAUSE = "duplicate_identity"
RANK = 15  # before any silence is somebody's fault


def judge(case: Case) -> Verdict | Wait | None:
    """Accuse the name: a boot is random per process, so one that returns is a second process.

    Whose twin has vanished without a word is silent until it is back; its wills are excused.
    """
    if isinstance(case, Silence):
        is_contested = "identity" in case.host.problems and case.host.state in ALIVE
        return Wait(case.back_by) if is_contested and case.at < case.back_by else None
    if not isinstance(case, Boots):
        return None
    birth = case.host.birth
    detail = {
        "returned": case.returned,
        "between": case.between,
        "address": "" if birth is None else birth.address,
    }
    return Verdict(CAUSE, (Evidence(case.at, CENTRE, "boots", detail),))
