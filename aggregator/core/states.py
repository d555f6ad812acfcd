"""The states of hosts and venues, and every transition there is.

A host changes state only along :data:`TRANSITIONS`; a trigger that the table does not list for
the present state changes nothing. Silence and knowledge are kept apart: ``unknown`` is what we
say while we cannot hear, ``unreachable`` while the host's venue is cut off, or while it is one of
many that hung up together.
"""

from collections.abc import Mapping
from enum import StrEnum


class HostState(StrEnum):
    """What is known of one host."""

    UNSEEN = "unseen"
    UP = "up"
    LATE = "late"
    DOWN = "down"
    UNREACHABLE = "unreachable"
    AWAY = "away"
    UNKNOWN = "unknown"


class VenueState(StrEnum):
    """What is known of one venue, from its hosts and their checks."""

    OK = "ok"
    DEGRADED = "degraded"
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"
    UNSEEN = "unseen"
    AWAY = "away"


class Trigger(StrEnum):
    """What can change a host's state."""

    BEAT = "beat"
    STEADY = "steady"
    PATIENCE_ENDED = "patience_ended"
    DEADLINE_PASSED = "deadline_passed"
    CONNECTION_LOST = "connection_lost"
    FAREWELL = "farewell"
    AWAY_TOO_LONG = "away_too_long"
    VENUE_CUT = "venue_cut"
    HUNG_UP = "hung_up"
    BLINDED = "blinded"
    GRACE_ENDED = "grace_ended"
    NEVER_HEARD = "never_heard"
    REVOKED = "revoked"


_S = HostState
_T = Trigger

TRANSITIONS: Mapping[tuple[HostState, Trigger], HostState] = {
    (_S.UNSEEN, _T.BEAT): _S.UP,
    (_S.UNKNOWN, _T.BEAT): _S.UP,
    (_S.LATE, _T.BEAT): _S.UP,
    (_S.AWAY, _T.BEAT): _S.UP,
    (_S.DOWN, _T.STEADY): _S.UP,
    (_S.UNREACHABLE, _T.STEADY): _S.UP,
    (_S.UP, _T.PATIENCE_ENDED): _S.LATE,
    (_S.UP, _T.DEADLINE_PASSED): _S.DOWN,
    (_S.LATE, _T.DEADLINE_PASSED): _S.DOWN,
    (_S.UP, _T.CONNECTION_LOST): _S.DOWN,
    (_S.LATE, _T.CONNECTION_LOST): _S.DOWN,
    (_S.UP, _T.VENUE_CUT): _S.UNREACHABLE,
    (_S.LATE, _T.VENUE_CUT): _S.UNREACHABLE,
    (_S.DOWN, _T.VENUE_CUT): _S.UNREACHABLE,
    (_S.UNKNOWN, _T.VENUE_CUT): _S.UNREACHABLE,
    (_S.UP, _T.HUNG_UP): _S.UNREACHABLE,
    (_S.LATE, _T.HUNG_UP): _S.UNREACHABLE,
    (_S.DOWN, _T.HUNG_UP): _S.UNREACHABLE,
    (_S.UP, _T.FAREWELL): _S.AWAY,
    (_S.LATE, _T.FAREWELL): _S.AWAY,
    (_S.DOWN, _T.FAREWELL): _S.AWAY,
    (_S.UNREACHABLE, _T.FAREWELL): _S.AWAY,
    (_S.UNKNOWN, _T.FAREWELL): _S.AWAY,
    (_S.AWAY, _T.AWAY_TOO_LONG): _S.DOWN,
    (_S.UP, _T.BLINDED): _S.UNKNOWN,
    (_S.LATE, _T.BLINDED): _S.UNKNOWN,
    (_S.UNKNOWN, _T.GRACE_ENDED): _S.DOWN,
    (_S.UNREACHABLE, _T.GRACE_ENDED): _S.DOWN,
    (_S.UNKNOWN, _T.NEVER_HEARD): _S.UNSEEN,
    (_S.UNSEEN, _T.REVOKED): _S.AWAY,
    (_S.UP, _T.REVOKED): _S.AWAY,
    (_S.LATE, _T.REVOKED): _S.AWAY,
    (_S.DOWN, _T.REVOKED): _S.AWAY,
    (_S.UNREACHABLE, _T.REVOKED): _S.AWAY,
    (_S.UNKNOWN, _T.REVOKED): _S.AWAY,
}

ALIVE = frozenset({HostState.UP, HostState.LATE})

_FAILED = frozenset({HostState.DOWN, HostState.UNREACHABLE})
_NO_VOTE = frozenset({HostState.AWAY, HostState.UNSEEN})


def venue_state(hosts: Mapping[HostState, int], *, has_failed_check: bool = False) -> VenueState:
    """Return a venue's state from how many of its hosts are in which state.

    Away and unseen hosts have no vote while others have; an unseen host beside living ones
    degrades its venue, since it is expected and is not there. So does an open incident of a check
    or a feed.
    """
    there = {state for state, count in hosts.items() if count}
    voting = there - _NO_VOTE
    if not voting:
        return VenueState.AWAY if HostState.AWAY in there else VenueState.UNSEEN
    if voting == {HostState.UNREACHABLE}:
        return VenueState.UNREACHABLE
    if voting & _FAILED:
        return VenueState.DEGRADED
    if HostState.UNKNOWN in voting:
        return VenueState.UNKNOWN
    is_whole = HostState.UNSEEN not in there and not has_failed_check
    return VenueState.OK if is_whole else VenueState.DEGRADED
