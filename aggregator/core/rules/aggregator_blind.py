"""We ourselves do not hear: nobody is accused, and every deadline is credited."""

from aggregator.core.cases import Case, Deafness, Silence
from aggregator.core.evidence import CENTRE, Evidence, Verdict

CAUSE = "aggregator_blind"
RANK = 20


def judge(case: Case) -> Verdict | None:
    """Accuse ourselves when no venue at all is heard, or nothing comes through the broker."""
    if isinstance(case, Deafness):
        seen = Evidence(case.since, CENTRE, "deafness", {"missing": case.why, "port": case.port})
        return Verdict(CAUSE, (seen,))
    if isinstance(case, Silence) and case.elsewhere == "silent" and not case.votes.heard:
        detail = {"venue": case.venue.code, "elsewhere": case.elsewhere}
        return Verdict(CAUSE, (Evidence(case.at, CENTRE, "silence", detail),))
    return None
