"""Maps the core's monotonic seconds to wall time: one moment always has the same wall time.

A step of the wall clock changes the wall time of later moments, never of earlier ones. So an
incident has the same times tomorrow as today, over HTTP, in the journal and in notices.
"""

import math
from bisect import bisect_right
from typing import NamedTuple

STEP_S = 0.005
"""A smaller move (s) of the clocks against each other is ignored."""

STEPS_MAX = 1_000


class _Steps(NamedTuple):
    since: tuple[float, ...]
    offsets_s: tuple[float, ...]


class Start(NamedTuple):
    """When a process began: monotonic s, and s since 1970."""

    at: float
    wall: float


class WallTime:
    """The steps of the wall clock against the monotonic clock, since ``now``.

    Attributes:
        start: when this process began.
    """

    def __init__(self, now: float, wall: float) -> None:
        self.start = Start(now, wall)
        self._steps = _Steps((now,), (wall - now,))

    def recall(self, jump_s: float) -> None:
        """Note that the wall clock was set ahead by ``jump_s`` before this process began.

        Times that an earlier process has stored are of the clock before that.
        """
        since, offsets_s = self._steps
        self._steps = _Steps((-math.inf, *since), (offsets_s[0] - jump_s, *offsets_s))

    def note(self, now: float, wall: float) -> None:
        """Compare the clocks: it is ``now`` (monotonic s) and ``wall`` (s since 1970)."""
        since, offsets_s = self._steps
        offset_s = wall - now
        if abs(offset_s - offsets_s[-1]) <= STEP_S:
            return
        if len(since) == STEPS_MAX:  # the first one is kept: it maps all earlier moments
            since, offsets_s = (since[0], *since[2:]), (offsets_s[0], *offsets_s[2:])
        self._steps = _Steps((*since, now), (*offsets_s, offset_s))

    def wall(self, at: float) -> float:
        """Return the wall time at ``at``: s since 1970, to the millisecond."""
        since, offsets_s = self._steps
        return round(at + offsets_s[max(0, bisect_right(since, at) - 1)], 3)

    def before(self, wall: float) -> float:
        """Return the monotonic time of a wall time ``wall`` that an earlier process has stored.

        It is never later than the start of this process, even if the clock was set meanwhile.
        """
        _, offsets_s = self._steps
        return min(wall - offsets_s[0], self.start.at)
