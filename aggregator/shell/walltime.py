"""Maps the core's monotonic seconds to wall time, the same moment always to the same time.

What a moment is called is decided once: a wall clock that is stepped, or steered, changes the names
of the moments after that, never of those before. So an incident says of itself tomorrow what it
said today, over HTTP, in the journal and to whoever was told.
"""

from bisect import bisect_right
from typing import NamedTuple

STEP_S = 0.005
"""By how much (s) the clocks must have moved apart for that to be noted."""

STEPS_MAX = 1_000


class _Steps(NamedTuple):
    since: tuple[float, ...]
    offsets_s: tuple[float, ...]


class WallTime:
    """The steps of the wall clock against the monotonic one, since ``now``."""

    def __init__(self, now: float, wall: float) -> None:
        self._steps = _Steps((now,), (wall - now,))

    def note(self, now: float, wall: float) -> None:
        """Note that it is ``now`` (monotonic s) and ``wall`` (s since 1970)."""
        since, offsets_s = self._steps
        offset_s = wall - now
        if abs(offset_s - offsets_s[-1]) <= STEP_S:
            return
        if len(since) == STEPS_MAX:  # the first one names what was before us, and is kept
            since, offsets_s = (since[0], *since[2:]), (offsets_s[0], *offsets_s[2:])
        self._steps = _Steps((*since, now), (*offsets_s, offset_s))

    def wall(self, at: float) -> float:
        """Return what time it was at ``at``: s since 1970, to the millisecond."""
        since, offsets_s = self._steps
        return round(at + offsets_s[max(0, bisect_right(since, at) - 1)], 3)

    def before(self, wall: float) -> float:
        """Return the monotonic time of what an earlier process has called ``wall``.

        It is always in our past, whatever the clock was set to meanwhile.
        """
        since, offsets_s = self._steps
        return min(wall - offsets_s[0], since[0])
