"""Verdict on venues that are lost at one moment: is it each of them, or what they share?

It is the centre's side (its line, its firewall, its provider) when

1. three venues or more are lost, and 60 % of those that were up,
2. the last that was heard of each lies within 2 s of the others', and
3. nobody of them has been heard since a host of theirs was due, while another venue is heard.

Where no other venue is heard either, we are blind (``venue.py``). Each lost venue has its own way
back: the first of its hosts that is steady. Times are monotonic seconds.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from aggregator.core.fleet import Fleet, Venue
from aggregator.core.host import INF, Host
from aggregator.core.states import ALIVE, HostState
from aggregator.core.verdicts.causes import CENTRE, Cause, Evidence, Verdict
from aggregator.core.verdicts.venue import OVERDUE_S, QUORUM, Cut, Votes, votes_at

TOGETHER_S = 2.0
"""The last words of venues that were lost together lie within this (s)."""

LEAST = 3
"""How many lost venues make a loss of the centre's side."""


class SideLoss(NamedTuple):
    """Venues that were lost together; ``at`` is when (s) the first of them was last heard."""

    cuts: tuple[Cut, ...]
    verdict: Verdict
    at: float


def find(
    fleet: Fleet, votes: Votes, at: float, *, is_cut: Callable[[str], bool]
) -> SideLoss | None:
    """Return the loss that a venue without a heard host is part of, if it is one.

    ``votes``: that venue's. ``is_cut``: whether a venue was found to be cut off before.
    """
    lost_at = last_heard(votes.silent)
    lost: list[Cut] = []
    fresh = 0
    for venue in fleet.venues.values():
        hosts = _watched(venue, is_cut=is_cut(venue.code))
        if not hosts:
            continue
        found = _votes_if_lost(venue, hosts, at)
        is_together = abs(last_heard(hosts) - lost_at) <= TOGETHER_S
        if found is not None and is_together:
            lost.append(Cut(venue, found, Verdict(Cause.CENTRE_SIDE_LOSS)))
        elif any(host.state in ALIVE for host in hosts):  # else it was lost before
            fresh += 1
            if fresh > (1.0 - QUORUM) * len(fleet.venues):
                return None
    if not is_of_centre(len(lost), len(lost) + fresh):
        return None
    return side_loss(lost, len(lost) + fresh, at)


def is_of_centre(lost: int, were_up: int) -> bool:
    """Tell whether so many venues of those that were up are lost by what they share."""
    return lost >= LEAST and lost >= QUORUM * were_up


def side_loss(lost: Sequence[Cut], were_up: int, at: float) -> SideLoss:
    """Return the loss of these venues."""
    heard = [last_heard(cut.votes.silent) for cut in lost]
    detail = {
        "venues": len(lost),
        "of": were_up,
        "hosts": sum(len(cut.votes.silent) for cut in lost),
        "within_s": round(max(heard) - min(heard), 3),
        "last_heard_s_ago": round(at - max(heard), 3),
    }
    verdict = Verdict(Cause.CENTRE_SIDE_LOSS, (Evidence(at, CENTRE, "venues_lost", detail),))
    cuts = tuple(cut._replace(verdict=verdict) for cut in lost)
    return SideLoss(cuts, verdict, min(heard))


def last_heard(hosts: Iterable[Host]) -> float:
    """Return when (s) the last of these hosts was heard; -INF if none ever was."""
    return max((-INF if it.evidence_at is None else it.evidence_at for it in hosts), default=-INF)


def _watched(venue: Venue, *, is_cut: bool) -> list[Host]:
    """Return the hosts of a venue that show whether it is lost; of one that is cut, those too."""
    states = {*ALIVE, HostState.UNREACHABLE} if is_cut else ALIVE
    return [host for host in venue.hosts.values() if host.is_listed and host.state in states]


def _votes_if_lost(venue: Venue, hosts: Sequence[Host], at: float) -> Votes | None:
    """Return the votes of a venue of which nobody was heard since its first host was due."""
    living = [host for host in hosts if host.state in ALIVE]
    if not living:
        return Votes(tuple(hosts), (), 0)
    first = min(living, key=lambda host: host.expected_at)
    if first.expected_at + OVERDUE_S > at:
        return None
    votes = votes_at(venue, first, since=first.expected_at, at=at)
    return None if votes.heard else votes
