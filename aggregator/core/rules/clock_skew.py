"""A host's clock is wrong: it differs from what the fleet agrees on."""

from aggregator.core.cases import Case, Clocks
from aggregator.core.evidence import CENTRE, Evidence, Verdict

CAUSE = "clock_skew"
RANK = 71

LIMIT_S = 1.0
"""How far (s) a clock may be off the fleet's median: results are timed to the second."""


def judge(case: Case) -> Verdict | None:
    """Accuse the clock. The fleet's median is the judge, so that a wrong clock of ours is none."""
    if not isinstance(case, Clocks):
        return None
    if abs(case.offset_s - case.reference_s) <= LIMIT_S + case.uncertainty_s:
        return None
    detail = {
        "offset_s": round(case.offset_s, 3),
        "fleet_median_s": round(case.reference_s, 3),
        "uncertainty_s": round(case.uncertainty_s, 3),
    }
    return Verdict(CAUSE, (Evidence(case.at, CENTRE, "clock", detail),))
