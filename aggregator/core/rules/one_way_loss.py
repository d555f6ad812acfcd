"""Beats arrive that echo no tick: we hear the host, and it does not hear us."""

from aggregator.core.cases import Case, OneWay
from aggregator.core.evidence import CENTRE, Evidence, Verdict

CAUSE = "one_way_loss"
RANK = 40


def judge(case: Case) -> Verdict | None:
    """Accuse the way to the hosts."""
    if not isinstance(case, OneWay):
        return None
    seen = [
        Evidence(
            case.at,
            CENTRE,
            "no_echo",
            {"host": host.name, "beats": host.presence.unechoed, "hosts_beating": case.live},
        )
        for host in case.hosts
    ]
    canary = Evidence(case.at, CENTRE, "canary", {"ticks_returned": case.ticks_returned})
    return Verdict(CAUSE, (canary, *seen))
