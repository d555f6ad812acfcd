"""Which host is due when, at a cost per beat that does not grow with the fleet.

A beat moves its host's deadline and nothing here. What is due within the present half second is
in a heap; what is due later is in the bucket of its half second, unsorted. When that comes, those
that have beaten since, nearly all, go on to the bucket of their new deadline. So hearing is O(1)
and looking O(due), where a heap of all hosts would be as deep as the fleet is big.
"""

import heapq
from collections.abc import Callable
from itertools import count

from aggregator.core.fleet import INF, Fleet, Host
from aggregator.core.margins import PATIENCE_S
from aggregator.core.states import HostState

_STEP_S = 0.5

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
        self._near: list[tuple[float, int, Host]] = []
        self._near_end = -INF
        self._far: dict[int, list[Host]] = {}
        self._steps: list[int] = []
        self._ticket = count()
        self.is_blind = True
        self.limit = INF

    def next_at(self) -> float | None:
        """Return when (monotonic s) to look next, or None if nothing is due."""
        if self._near:
            return self._near[0][0]
        return self._steps[0] * _STEP_S if self._steps else None

    def advance(self, now: float) -> None:
        """Bring up everything that was due by ``now`` and before ``limit``, in order of time."""
        near, steps = self._near, self._steps
        while True:
            if near and near[0][0] <= now:
                if near[0][0] >= self.limit:
                    return
                when, _, host = heapq.heappop(near)
                if when == host.queued_at:
                    self._bring_up(host, when)
            elif steps and steps[0] * _STEP_S <= now and steps[0] * _STEP_S < self.limit:
                self._draw_near(heapq.heappop(steps))
            else:
                return
            near, steps = self._near, self._steps

    def queue(self, host: Host) -> None:
        """See that ``host`` comes up by its present deadline."""
        due = self._due_of(host)
        if due < host.queued_at:
            self._put(host, due)

    def queue_all(self) -> None:
        """Begin anew, after every deadline has moved."""
        self._near, self._far, self._steps = [], {}, []
        self._near_end = -INF
        for host in self._fleet:
            host.queued_at = INF
            self.queue(host)

    def _bring_up(self, host: Host, when: float) -> None:
        host.queued_at = INF
        if self._due_of(host) <= when:
            self._on_due(host, when)
        self.queue(host)

    def _draw_near(self, step: int) -> None:
        """Sort a bucket whose time has come: who is due in it, and who has beaten since."""
        start = step * _STEP_S
        self._near_end = start + _STEP_S
        for host in self._far.pop(step):
            if host.queued_at == start:
                due = self._due_of(host)
                host.queued_at = INF
                if due < INF:
                    self._put(host, due)

    def _put(self, host: Host, due: float) -> None:
        if due < self._near_end:
            host.queued_at = due
            heapq.heappush(self._near, (due, next(self._ticket), host))
            return
        step = int(due // _STEP_S)
        start = step * _STEP_S
        if start >= host.queued_at:
            return
        host.queued_at = start
        bucket = self._far.get(step)
        if bucket is None:
            self._far[step] = [host]
            heapq.heappush(self._steps, step)
        else:
            bucket.append(host)

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
