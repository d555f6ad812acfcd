"""Verdict on one silent host: is it the agent, the machine, or can nobody tell?

A silence that is not the venue's (``venue.py``) nor our own (``centre.py``) is judged by two facts:
whether the broker closed the connection, and what the neighbours found when they tried to reach the
machine. :data:`CAUSES` is the whole table. A host that sent a farewell is not silent: it is missed
only when it stays away for too long, and one that is required soon.
"""

from collections.abc import Iterable, Mapping
from enum import Enum, auto
from typing import Final, NamedTuple

from aggregator.core.host import Host
from aggregator.core.states import HostState
from aggregator.core.verdicts.causes import BROKER, CENTRE, Cause, Evidence, Excuse, Scalar, Verdict


class Answer(NamedTuple):
    """What the host ``by`` answered at ``at`` when it was asked to reach another."""

    at: float
    by: str
    is_reached: bool | None
    way: str
    detail: str


class Inquiry(NamedTuple):
    """The neighbours that were asked about a silent host, and what they answered so far.

    ``obstacle`` is why nobody could be asked. ``is_over``: no answer is waited for any more.
    """

    asked: tuple[str, ...] = ()
    answers: tuple[Answer, ...] = ()
    is_over: bool = False
    obstacle: str = ""


class Reach(Enum):
    """What the neighbours found."""

    REACHED = auto()
    UNREACHED = auto()
    NOT_KNOWN = auto()


CAUSES: Final[Mapping[tuple[bool, Reach], Cause]] = {
    # is the connection closed, what the neighbours found
    (True, Reach.REACHED): Cause.AGENT_STOPPED,
    (False, Reach.REACHED): Cause.HOST_FROZEN,
    (True, Reach.UNREACHED): Cause.HOST_DOWN,
    (False, Reach.UNREACHED): Cause.HOST_DOWN,
    (True, Reach.NOT_KNOWN): Cause.CONNECTION_LOST,
    (False, Reach.NOT_KNOWN): Cause.SILENT,
}

UNEXPLAINED = frozenset({Cause.SILENT, Cause.CONNECTION_LOST})
"""The causes that a neighbour's answer makes more precise."""

_LEFT = frozenset({Cause.LEFT_WHILE_REQUIRED, Cause.DID_NOT_RETURN})


def reach_of(inquiry: Inquiry) -> Reach:
    """Return what the neighbours found: one that reached it decides, else all that could try."""
    if any(answer.is_reached for answer in inquiry.answers):
        return Reach.REACHED
    tried = any(answer.is_reached is not None for answer in inquiry.answers)
    return Reach.UNREACHED if inquiry.is_over and tried else Reach.NOT_KNOWN


def judge(
    host: Host,
    at: float,
    *,
    others_heard: int,
    inquiry: Inquiry = Inquiry(),  # noqa: B008 - a constant
    excuses: Iterable[Excuse] = (),
) -> Verdict:
    """Return why ``host`` is silent at ``at`` (monotonic s), with all that was seen.

    ``others_heard``: hosts of its venue that are heard; ``excuses``: what put this verdict off.
    """
    cause = CAUSES[host.closed_at is not None, reach_of(inquiry)]
    return Verdict(cause, (*_seen(host, at, others_heard, excuses), *_answers(inquiry, at)))


def more_precise(known: Cause, verdict: Verdict) -> Verdict:
    """Return what is known after another inquiry: neighbours that could not tell take nothing back.

    A host that sent a farewell is missed, whatever its neighbours find.
    """
    is_vaguer = verdict.cause in UNEXPLAINED and known not in UNEXPLAINED
    is_kept = is_vaguer or known in _LEFT
    return verdict._replace(cause=known) if is_kept else verdict


def judge_absence(host: Host, at: float) -> Verdict:
    """Return that ``host``, which sent a farewell, has not come back in time.

    One that is required has left first. When it is down for that, it did not return.
    """
    if host.state is HostState.DOWN:
        seen = Evidence(at, CENTRE, "absence", {"down_s": round(at - host.since, 3)})
        return Verdict(Cause.DID_NOT_RETURN, (seen,))
    detail = {"away_s": round(at - host.since, 3)}
    cause = Cause.LEFT_WHILE_REQUIRED if host.is_required else Cause.DID_NOT_RETURN
    return Verdict(cause, (Evidence(host.since, host.name, "farewell", detail),))


def _seen(
    host: Host, at: float, others_heard: int, excuses: Iterable[Excuse]
) -> Iterable[Evidence]:
    silent_s = None if host.evidence_at is None else round(at - host.evidence_at, 3)
    silence: dict[str, Scalar] = {
        "interval_s": round(host.interval_s, 3),
        "margin_s": host.margin_s,
        "last_heard_s_ago": silent_s,
        "others_heard": others_heard,
    }
    yield Evidence(at, CENTRE, "silence", silence)
    if host.closed_at is not None:
        yield Evidence(host.closed_at, BROKER, "will", {"session": host.session})
    for excuse in excuses:
        end = min(excuse.until, at)
        detail: dict[str, Scalar] = {"reason": excuse.reason, "for_s": round(end - excuse.since, 3)}
        yield Evidence(excuse.since, CENTRE, "excuse", detail)


def _answers(inquiry: Inquiry, at: float) -> Iterable[Evidence]:
    for answer in inquiry.answers:
        found: dict[str, Scalar] = {"reached": answer.is_reached, "way": answer.way}
        if answer.detail:
            found["detail"] = answer.detail
        yield Evidence(answer.at, answer.by, "probe", found)
    mute = sorted(set(inquiry.asked) - {answer.by for answer in inquiry.answers})
    if inquiry.is_over and mute and reach_of(inquiry) is not Reach.REACHED:
        yield Evidence(at, CENTRE, "no_word", {"of": ", ".join(mute)})
    if inquiry.obstacle:
        yield Evidence(at, CENTRE, "nobody_to_ask", {"why": inquiry.obstacle})
