"""The facts of a silence: who has been heard since a host was due, at its venue and elsewhere.

Only hosts that are expected to be heard by now have a vote, and of those that the inventory does
not list only who is heard: neither the away, the unseen and those that are down already, nor
those whose own next beat is not due yet.
"""

from aggregator.core.cases import Elsewhere, Silence, Votes
from aggregator.core.fleet import INF, Fleet, Host, Venue
from aggregator.core.states import ALIVE, HostState

JITTER_S = 0.3
"""By how much (s) the beats of hosts that were cut off together may be apart from their rhythm."""

OVERDUE_S = 0.5
"""How late (s) a beat is that casts doubt on its host's own way to us."""

_ENOUGH = 2


def silence_of(
    fleet: Fleet, host: Host, at: float, *, due: float, back_by: float, is_cut: bool
) -> Silence:
    """Return the facts of ``host``'s silence. ``due``: since when it is waited for (monotonic s).

    ``back_by``, ``is_cut``: see ``Silence``.
    """
    venue = fleet.venues[host.venue]
    votes = votes_at(venue, host, since=due, at=at)
    elsewhere = elsewhere_at(fleet, venue, since=due, at=at)
    return Silence(at, host, venue, votes, elsewhere, back_by=back_by, is_cut=is_cut)


def hang_up_of(fleet: Fleet, host: Host, at: float) -> Silence:
    """Return the facts of a connection of ``host`` that was closed at ``at``.

    Whose connection was closed is judged alone: that others are heard says nothing about it.
    """
    alone = Votes((host,), (), 0)
    return Silence(at, host, fleet.venues[host.venue], alone, "unknown", is_closed=True)


def cut_off(case: Silence) -> list[Host]:
    """Return who is cut off: who is silent and, if nobody at all is heard, who is not due yet."""
    cut = list(case.votes.silent)
    if not case.votes.heard:
        cut += [
            other
            for other in case.venue.hosts.values()
            if other.state in ALIVE and other.is_listed and other not in case.votes.silent
        ]
    return cut


def votes_at(venue: Venue, host: Host, *, since: float, at: float) -> Votes:
    """Return the votes of ``venue`` on ``host``, which was due at ``since``, as of ``at``."""
    silent, heard, overdue = [host], [], 0
    for other in venue.hosts.values():
        if other is host:
            continue
        is_late = other.state in ALIVE and other.expected_at + OVERDUE_S <= at
        if other.state in ALIVE and (other.evidence_at or -INF) > since + JITTER_S:
            heard.append(other)
            overdue += is_late
        elif other.is_listed and (is_late or _is_missed(other, host, at)):
            silent.append(other)
    return Votes(tuple(silent), tuple(heard), overdue)


def elsewhere_at(fleet: Fleet, venue: Venue, *, since: float, at: float) -> Elsewhere:
    """Return whether any host of another venue has been heard since ``since``, as of ``at``.

    ``unknown`` where too few are expected to be heard by now to tell. Ends at the first that was.
    """
    silent = 0
    for other_venue in fleet.venues.values():
        if other_venue is venue:
            continue
        for other in other_venue.hosts.values():
            if other.state in ALIVE:
                if other.evidence_at is not None and other.evidence_at > since + JITTER_S:
                    return "heard"
                silent += other.expected_at + OVERDUE_S <= at
            elif other.state is HostState.UNKNOWN and other.deadline <= at:
                silent += _was_there(other)
    return "silent" if silent >= _ENOUGH else "unknown"


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
                other.cause == "silent"
                and other.evidence_at is not None
                and host.evidence_at is not None
                and other.evidence_at + interval_s >= host.evidence_at
            )
        case _:
            return False


def _was_there(host: Host) -> bool:
    """Tell whether a host that is waited for was ever there, and has not said farewell."""
    if host.death is not None and host.death.reason == "farewell":
        return False
    return host.birth is not None or host.evidence_at is not None
