"""The broker is gone: its port refuses, or says nothing to a stranger."""

from aggregator.core.cases import Case, Deafness
from aggregator.core.evidence import CENTRE, Evidence, Verdict

CAUSE = "broker_down"
RANK = 10


def judge(case: Case) -> Verdict | None:
    """Accuse the broker when we do not hear, and its port does not answer."""
    if not isinstance(case, Deafness) or case.port not in {"refuses", "silent"}:
        return None
    seen = (
        Evidence(case.since, CENTRE, "deafness", {"missing": case.why}),
        Evidence(case.at, CENTRE, "port", {"says": case.port}),
    )
    return Verdict(CAUSE, seen)
