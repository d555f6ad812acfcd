"""Verdict on the centre itself: do we hear, and if not, is it the broker?

=====================  ===========================  ==================
missing                the broker's port            cause
=====================  ===========================  ==================
anything               refuses, or answers nothing  broker_down
anything               answers, or not asked        aggregator_blind
=====================  ===========================  ==================
"""

from typing import Literal, NamedTuple, TypeAlias

from aggregator.core.verdicts.causes import CENTRE, Cause, Evidence, Verdict

Port: TypeAlias = Literal["answers", "refuses", "silent"]
CAUSES = (Cause.AGGREGATOR_BLIND, Cause.BROKER_DOWN)

Missing: TypeAlias = Literal["starting", "connection", "canary", "fleet"]


class Blindness(NamedTuple):
    """We ourselves have heard nothing since ``since``, and what is ``missing``."""

    at: float
    since: float
    missing: Missing
    port: Port | None


def judge(blindness: Blindness) -> Verdict:
    """Return whether the broker or our own ear is at fault."""
    if blindness.port in {"refuses", "silent"}:
        seen = (
            Evidence(blindness.since, CENTRE, "blindness", {"missing": blindness.missing}),
            Evidence(blindness.at, CENTRE, "port", {"says": blindness.port}),
        )
        return Verdict(Cause.BROKER_DOWN, seen)
    detail = {"missing": blindness.missing, "port": blindness.port}
    return Verdict(
        Cause.AGGREGATOR_BLIND, (Evidence(blindness.since, CENTRE, "blindness", detail),)
    )
