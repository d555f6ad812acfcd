"""Two agents run under one name: their boots alternate."""

from aggregator.core.cases import Boots, Case
from aggregator.core.evidence import CENTRE, Evidence, Verdict

CAUSE = "duplicate_identity"
RANK = 70


def judge(case: Case) -> Verdict | None:
    """Accuse the name: a boot is random per process, so one that returns is a second process."""
    if not isinstance(case, Boots):
        return None
    birth = case.host.birth
    detail = {
        "returned": case.returned,
        "between": case.between,
        "address": "" if birth is None else birth.address,
    }
    return Verdict(CAUSE, (Evidence(case.at, CENTRE, "boots", detail),))
