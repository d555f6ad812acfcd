"""A queue of deadlines, at a cost per beat that does not grow with the fleet.

A beat moves its host's deadline and nothing here. Hosts that are due within the present eighth of
a second are in a heap; later ones are in the bucket of theirs, unsorted. When a bucket's time
comes, the hosts that have beaten since, nearly all, go on to the bucket of their new deadline. So a
beat costs O(1) and a look O(due), where a heap of all hosts would be as deep as the fleet is big.
Times are monotonic seconds.
"""

import copy
import heapq
from collections.abc import Iterator
from typing import Any

from aggregator.core.fleet import Fleet
from aggregator.core.host import INF, Host
from aggregator.core.margins import PATIENCE_S
from aggregator.core.slices import HOSTS_AT_ONCE
from aggregator.core.states import HostState
from aggregator.core.verdicts.causes import Cause

_STEP_S = 0.125  # a bucket of a big fleet is sorted in a few ms

_UP = HostState.UP  # an enum's member costs a Python-level look-up each time (until 3.12)


class Deadlines:
    """The queue.

    Attributes:
        is_blind: nothing is due of any host.
    """

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._near: list[tuple[float, int, Host]] = []
        self._near_end = -INF
        self._far: dict[int, list[Host]] = {}
        self._steps: list[int] = []
        self._ticket = 0
        self.is_blind = True

    def next_at(self) -> float:
        """Return when (monotonic s) to look next; INF if nothing is due."""
        if self._near:
            return self._near[0][0]
        return self._steps[0] * _STEP_S if self._steps else INF

    def take_due(self, now: float, *, before: float) -> tuple[Host, float] | None:
        """Return the first host that was due by ``now`` and before ``before``, and since when.

        The host is out of the queue then, and has to be queued again.
        """
        near, steps = self._near, self._steps
        while True:
            if near and near[0][0] <= now:
                if near[0][0] >= before:
                    return None
                when, _, host = heapq.heappop(near)
                if when != host.queued_at:
                    continue
                host.queued_at = INF
                if self._due_of(host) <= when:
                    return host, when
                self.queue(host)
            elif steps and steps[0] * _STEP_S <= now and steps[0] * _STEP_S < before:
                self._draw_near(heapq.heappop(steps))
            else:
                return None

    def queue(self, host: Host) -> None:
        """Queue ``host`` for its present deadline."""
        due = self._due_of(host)
        if due < host.queued_at:
            self._put(host, due)

    def queue_all(self) -> Iterator[None]:
        """Begin anew, after every deadline has moved; yield after each few hosts."""
        self._near, self._far, self._steps = [], {}, []
        self._near_end = -INF
        for host in self._fleet:
            host.queued_at = INF
        if self.is_blind:
            return
        for number, host in enumerate(self._fleet, 1):
            if number % HOSTS_AT_ONCE == 0:
                yield
            self.queue(host)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Deadlines":
        """Return an independent copy; its hosts must be copied already, or are now."""
        copied = object.__new__(Deadlines)
        memo[id(self)] = copied
        copied._fleet = copy.deepcopy(self._fleet, memo)
        copied._near = [(due, ticket, memo[id(host)]) for due, ticket, host in self._near]
        copied._near_end = self._near_end
        copied._far = {step: [memo[id(host)] for host in far] for step, far in self._far.items()}
        copied._steps = self._steps[:]
        copied._ticket = self._ticket
        copied.is_blind = self.is_blind
        return copied

    def _draw_near(self, step: int) -> None:
        """Sort a bucket whose time has come: hosts due in it, and hosts that have beaten since."""
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
            self._ticket += 1
            heapq.heappush(self._near, (due, self._ticket, host))
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
            return max(min(patience_ends, host.deadline, host.will_due), host.put_off_until)
        match host.state:
            case HostState.LATE:
                return max(min(host.deadline, host.will_due), host.put_off_until)
            case HostState.AWAY | HostState.UNKNOWN | HostState.UNREACHABLE:
                return max(host.deadline, host.put_off_until)
            case HostState.DOWN if host.cause is Cause.LEFT_WHILE_REQUIRED:  # for good?
                return max(host.deadline, host.put_off_until)
            case _:
                return INF
