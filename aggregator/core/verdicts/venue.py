"""Verdict on a venue: did its hosts fall silent together?

Only hosts that are expected to be heard by now have a vote. No vote: hosts that are away, unseen or
down; hosts whose next beat is not due yet; hosts that the inventory does not list, heard or silent.
Such a host is judged by itself.

================================================  =============================
the venue's votes, once other venues are heard    verdict
================================================  =============================
most are silent (60 %, two at least), none heard  the venue is cut
likewise, five at least, and some are heard       the venue is cut
none heard, and it is known to be cut             the venue is cut
some heard, and each of them is overdue, too      wait 0.2 s, then vote again
anything else                                     the host is judged by itself
================================================  =============================

Where nobody is heard anywhere it is our own ear (``is_everybody_silent``). Times are monotonic
seconds.
"""

from typing import Literal, NamedTuple, TypeAlias

from aggregator.core.fleet import Fleet, Venue
from aggregator.core.host import INF, Host
from aggregator.core.states import ALIVE, HostState
from aggregator.core.verdicts.bridges import is_trusted
from aggregator.core.verdicts.causes import BROKER, CENTRE, Cause, Evidence, Verdict

Elsewhere: TypeAlias = Literal["heard", "silent", "unknown"]

JITTER_S = 0.3
"""By how much (s) the beats of hosts that were cut off together may be apart from their rhythm."""

OVERDUE_S = 0.5
"""How late (s) a beat is that casts doubt on its host's own way to us."""

QUORUM = 0.6
"""The share of silent hosts from which on a venue's way is at fault, not its hosts."""

VOTE_AGAIN_S = 0.2

_AT_LEAST = 2
_TOO_MANY = 5  # so many do not fail by themselves within one deadline, even beside living ones


class Votes(NamedTuple):
    """The hosts of a venue that have been heard since a silent one was due, and the others.

    Only hosts that are due themselves vote; ``silent`` includes the one that is asked about.
    ``overdue``: how many of ``heard`` have since become overdue themselves.
    """

    silent: tuple[Host, ...]
    heard: tuple[Host, ...]
    overdue: int

    @property
    def silent_listed(self) -> int:
        """How many of the silent ones have a vote: the one that is asked about may be unlisted."""
        return sum(host.is_listed for host in self.silent)

    @property
    def is_quorum(self) -> bool:
        """Whether so many are silent that it can hardly be each by itself."""
        silent = self.silent_listed
        is_most = silent >= _AT_LEAST and silent >= QUORUM * (silent + len(self.heard))
        return is_most and (not self.heard or silent >= _TOO_MANY)


class Cut(NamedTuple):
    """A verdict that is not of one host, but of its venue."""

    venue: Venue
    votes: Votes
    verdict: Verdict


def votes_at(venue: Venue, host: Host, *, since: float, at: float) -> Votes:
    """Return the votes of ``venue`` on ``host``, which was due at ``since``, as of ``at``."""
    silent, heard, overdue = [host], [], 0
    hung_up = []
    for other in venue.hosts.values():
        if other is host or not other.is_listed:
            continue
        is_late = other.state in ALIVE and other.expected_at + OVERDUE_S <= at
        if other.state in ALIVE and (other.evidence_at or -INF) > since + JITTER_S:
            heard.append(other)
            overdue += is_late
        elif other.cause is Cause.HUNG_UP_TOGETHER:
            hung_up.append(other)
        elif is_late or _is_missed(other, host, at):
            silent.append(other)
    if not heard:  # beside a host that is heard they are no silence of the whole venue
        silent += hung_up
    return Votes(tuple(silent), tuple(heard), overdue)


def elsewhere_at(fleet: Fleet, venue: Venue, *, since: float, at: float) -> Elsewhere:
    """Return whether any host of another venue has been heard since ``since``, as of ``at``.

    ``unknown`` where too few are expected to be heard by now to tell. Ends at the first that was.
    """
    silent, is_anybody_heard = 0, fleet.heard_at > since + JITTER_S
    for other_venue in fleet.venues.values():
        if other_venue is venue:
            continue
        for other in other_venue.hosts.values():
            if not other.is_listed:
                continue
            if other.state in ALIVE:
                if other.evidence_at is not None and other.evidence_at > since + JITTER_S:
                    return "heard"
                silent += other.expected_at + OVERDUE_S <= at
            elif other.state is HostState.UNKNOWN and other.deadline <= at:
                silent += _was_there(other)
            if silent >= _AT_LEAST and not is_anybody_heard:
                return "silent"
    return "silent" if silent >= _AT_LEAST else "unknown"


def is_everybody_silent(votes: Votes, elsewhere: Elsewhere) -> bool:
    """Tell whether no host of any venue is heard: then we are blind, and accuse nobody."""
    return elsewhere == "silent" and not votes.heard


def is_cut(venue: Venue, votes: Votes, *, is_known: bool) -> bool:
    """Tell whether the venue is cut off. ``is_known``: whether it was found to be so before."""
    is_bridge_gone = venue.bridge is not None and not venue.bridge[1] and is_trusted(venue)
    if votes.heard or not votes.silent_listed:
        return votes.is_quorum or (is_known and not votes.heard)
    return votes.is_quorum or is_bridge_gone or is_known


def is_doubtful(votes: Votes) -> bool:
    """Tell whether to wait: every host that was heard has become overdue itself."""
    return bool(votes.heard) and votes.overdue == len(votes.heard)


def cut_off(venue: Venue, votes: Votes) -> list[Host]:
    """Return the hosts that are cut off: the silent ones and, if none is heard, all living ones."""
    cut = list(votes.silent)
    if not votes.heard:
        cut += [
            other
            for other in venue.hosts.values()
            if other.state in ALIVE and other.is_listed and other not in votes.silent
        ]
    return cut


def verdict_on(venue: Venue, votes: Votes, elsewhere: Elsewhere, at: float) -> Verdict:
    """Return that the venue is unreachable, with the votes and what its bridge said."""
    last = max((host.evidence_at or 0.0 for host in votes.silent), default=0.0)
    seen = [
        Evidence(
            at,
            CENTRE,
            "silence",
            {
                "silent": len(votes.silent),
                "heard": len(votes.heard),
                "first_overdue": votes.silent[0].name,
                "last_heard_s_ago": round(at - last, 3),
                "elsewhere": elsewhere,
            },
        )
    ]
    if venue.bridge is not None:
        said_at, is_connected = venue.bridge
        seen.append(Evidence(said_at, BROKER, "bridge", {"is_connected": is_connected}))
    return Verdict(Cause.VENUE_UNREACHABLE, tuple(seen))


def _is_missed(other: Host, host: Host, at: float) -> bool:
    """Tell whether ``other``, which is not alive, is as silent as ``host``, and maybe as it is."""
    match other.state:
        case HostState.UNREACHABLE:
            return True
        case HostState.UNKNOWN:
            return other.deadline <= at and _was_there(other)
        case HostState.DOWN:  # called so a moment ago, and nobody could say why
            interval_s = host.interval_s if other.birth is None else other.birth.interval_s
            return (
                other.cause is Cause.SILENT
                and other.evidence_at is not None
                and host.evidence_at is not None
                and host.evidence_at - interval_s <= other.evidence_at <= other.since
            )
        case _:
            return False


def _was_there(host: Host) -> bool:
    """Tell whether a host that is waited for was ever there, and has not sent a farewell."""
    if host.death is not None and host.death.reason == "farewell":
        return False
    return host.birth is not None or host.evidence_at is not None
