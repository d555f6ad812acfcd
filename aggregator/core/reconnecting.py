"""Reconnecting: how long an agent may wait before it tries again, by what was heard of its host.

The rule is the agent's own (``venuewatch/base/wire/links.py``): up to a second after a connection
that lasted, and longer after each in a row that was brief. The core counts as the agent does:

1. A birth or a beat of another session: a connection has begun, by now at the latest.
2. A will: it ended now. Another session without a will: it ended after its last beat.
3. A farewell ends it, too, and does not count.
4. Another boot is another process, which has counted nothing yet.

A connection of which too little was heard may have been brief, and counts as such: so after our own
start, and after the broker's return, an agent is given more time, and never less. Times are
monotonic seconds.
"""

from typing import Final

from aggregator.core.host import INF, Connected, Host
from venuewatch.base.wire.links import RECONNECT_MAX_S, TWIN_S, brief_in_a_row, longest_wait_s

LONGEST_WAIT_S: Final = RECONNECT_MAX_S
"""An agent that may wait longer than this (s), as its birth says, is given no more."""

AGAIN: Final = 2
"""So many brief connections in a row are more than one return of the broker explains."""

_ON_ITS_WAY_S = 1.0  # a will is so for no longer


def hear_session(host: Host, boot: str, session: int, now: float) -> None:
    """Note that an agent is connected; in another session than before, that one has ended."""
    if boot != host.connected.boot:
        host.connected = Connected(boot, session, now)
    elif session > host.connected.session:
        _count_end(host, _heard_at(host))
        host.connected = host.connected._replace(session=session, by=now)


def hear_will(host: Host, now: float, *, proves_only_silence: bool) -> None:
    """Count that an agent's connection has ended: now, or while it was silent."""
    _count_end(host, _heard_at(host) if proves_only_silence else now)


def hear_farewell(host: Host) -> None:
    """Note that an agent has ended its connection by itself."""
    host.connected = host.connected._replace(by=None)


def wait_max_s(host: Host, now: float) -> float:
    """Return how long (s) an agent waits at most after the end that was counted last.

    One that was told of another agent of its name leaves that one the time to be told, too.
    """
    has_twin = any(now < known.told_at + TWIN_S for known in host.boots)
    brief = max(host.connected.brief, 1 if has_twin else 0)
    return min(longest_wait_s(brief, max_s=host.reconnect_max_s), LONGEST_WAIT_S)


def _heard_at(host: Host) -> float:
    return -INF if host.evidence_at is None else host.evidence_at


def _count_end(host: Host, at: float) -> None:
    """Count, once, that a connection has ended; it did so at ``at`` or later."""
    connected = host.connected
    if connected.by is None:
        return
    brief = brief_in_a_row(connected.brief, at - connected.by - _ON_ITS_WAY_S)
    host.connected = connected._replace(by=None, brief=brief)
