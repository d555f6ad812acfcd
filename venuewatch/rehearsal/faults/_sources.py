"""Mends a results source while its agent is away: a check remembers how wrong a clock was."""

from collections.abc import Callable

from venuewatch.base import clock
from venuewatch.rehearsal.faults import Mending
from venuewatch.rehearsal.live.host import Host
from venuewatch.rehearsal.live.programs import until
from venuewatch.rehearsal.live.watched.feed import Feed


def mending_away(host: Host, feed: Feed, end: Callable[[], None]) -> Mending:
    """Return what does ``end`` to the fault of a source; its agent begins anew as usual after it.

    It begins when there are messages of after the fault only.
    """

    def mend() -> None:
        if host.agent.is_running:
            host.agent.stop()
        stopped_at = clock.wall()
        try:
            end()
            until("a source plays as usual again", lambda: feed.is_of_after(stopped_at))
        finally:
            host.start_as_usual()

    return mend
