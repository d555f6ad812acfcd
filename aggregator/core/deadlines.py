"""Which host is due when: a heap that costs nothing per beat.

A beat moves its host's deadline and not the heap: an entry that comes up too early is put back at
the host's new deadline. So hearing is O(1), and looking O(due).
"""

import heapq
from collections.abc import Callable
from itertools import count

from aggregator.core.fleet import INF, Fleet, Host
from aggregator.core.margins import PATIENCE_S
from aggregator.core.states import HostState

_UP = HostState.UP  # an enum's member costs a Python-level look-up each time (until 3.12)


class Deadlines:
    """The heap. ``on_due`` is called for each host, at the time it was due.

    Attributes:
        is_blind: nothing is due of anybody.
        limit: nothing that is due at this time (monotonic s) or later comes up, whoever looks.
    """

    def __init__(self, fleet: Fleet, on_due: Callable[[Host, float], None]) -> None:
        self._fleet = fleet
        self._on_due = on_due
        self._due: list[tuple[float, int, Host]] = []
        self._ticket = count()
        self.is_blind = True
        self.limit = INF

    def next_at(self) -> float | None:
        """Return when (monotonic s) to look next, or None if nothing is due."""
        return self._due[0][0] if self._due else None

    def advance(self, now: float) -> None:
        """Bring up everything that was due by ``now`` and before ``limit``, in order of time."""
        while self._due and self._due[0][0] <= now and self._due[0][0] < self.limit:
            when, _, host = self._due[0]
            due = self._due_of(host)
            if when == host.queued_at and when < due < INF:  # it has beaten since: the usual case
                host.queued_at = due
                heapq.heapreplace(self._due, (due, next(self._ticket), host))
                continue
            heapq.heappop(self._due)
            if when != host.queued_at:
                continue
            host.queued_at = INF
            if due <= when:
                self._on_due(host, when)
            self.queue(host)

    def queue(self, host: Host) -> None:
        """See that ``host`` comes up by its present deadline."""
        due = self._due_of(host)
        if due < host.queued_at:
            host.queued_at = due
            heapq.heappush(self._due, (due, next(self._ticket), host))

    def queue_all(self) -> None:
        """Begin anew, after every deadline has moved."""
        self._due = []
        for host in self._fleet:
            host.queued_at = INF
            self.queue(host)

    def _due_of(self, host: Host) -> float:
        if self.is_blind:
            return INF
        if host.state is _UP:
            patience_ends = host.deadline - host.margin_s + PATIENCE_S
            return max(min(patience_ends, host.deadline, host.will_due), host.held_until)
        match host.state:
            case HostState.LATE:
                return max(min(host.deadline, host.will_due), host.held_until)
            case HostState.AWAY | HostState.UNKNOWN | HostState.UNREACHABLE:
                return max(host.deadline, host.held_until)
            case _:
                return INF
