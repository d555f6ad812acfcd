"""Verdict on the centre itself: do we hear, and if not, is it the broker?

=====================  ===========================  ==================
missing                the broker's port            cause
=====================  ===========================  ==================
anything               refuses, or answers nothing  broker_down
anything               answers, or not asked        aggregator_blind
=====================  ===========================  ==================

Where something comes, but late, or our process did not run, it is our own load, and the port is not
looked at.

Where no host at all is heard, or the broker ends or refuses our connection, that is evidence.
"""

from typing import Literal, NamedTuple, TypeAlias

from aggregator.core.suspension import Missing
from aggregator.core.verdicts.causes import CENTRE, Cause, Evidence, Scalar, Verdict

Port: TypeAlias = Literal["answers", "refuses", "silent"]
CAUSES = (Cause.AGGREGATOR_BLIND, Cause.BROKER_DOWN)

LOAD: frozenset[Missing] = frozenset({"overloaded", "stalled"})
"""Reasons that are our own load; what waits at the socket is old, or was."""


class Blindness(NamedTuple):
    """Nobody was judged, for the first time since ``since``, and what is ``missing``.

    ``lasted_s``: how long, in so many ``spells``. ``oldest_s``: the age of the oldest that came.
    ``again``: soon after it was told before, and was over.
    """

    at: float
    since: float
    missing: Missing
    port: Port | None
    lasted_s: float = 0.0
    spells: int = 1
    oldest_s: float = 0.0
    again: bool = False


def nobody_heard(since: float) -> Verdict:
    """Return that no host at all was heard since then, though our own ticks came back."""
    return Verdict(Cause.AGGREGATOR_BLIND, (_nobody(since),))


def judge(blindness: Blindness, ends: tuple[Evidence, ...] = ()) -> Verdict:
    """Return whether the broker or our own ear is at fault.

    ``ends``: what the ends of our connection say of it.
    """
    if blindness.missing in LOAD:
        figures: dict[str, Scalar] = {
            "lasted_s": round(blindness.lasted_s, 3),
            "spells": blindness.spells,
            "oldest_s": round(blindness.oldest_s, 3),
        }
        load = Evidence(blindness.since, CENTRE, blindness.missing, figures)
        return Verdict(Cause.AGGREGATOR_BLIND, (load,))
    if blindness.port in {"refuses", "silent"}:
        seen = (
            Evidence(blindness.since, CENTRE, "blindness", {"missing": blindness.missing}),
            Evidence(blindness.at, CENTRE, "port", {"says": blindness.port}),
        )
        return Verdict(Cause.BROKER_DOWN, seen)
    detail = {"missing": blindness.missing, "port": blindness.port}
    found: tuple[Evidence, ...] = (Evidence(blindness.since, CENTRE, "blindness", detail),)
    if blindness.missing == "fleet":
        found += (_nobody(blindness.since),)
    elif blindness.missing in {"connection", "starting"}:
        found += ends
    return Verdict(Cause.AGGREGATOR_BLIND, found)


def _nobody(since: float) -> Evidence:
    """Return evidence that is the same however often it is found."""
    return Evidence(since, CENTRE, "nobody_heard", {})
