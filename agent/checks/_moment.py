"""A moment on both clocks, for checks that remember when something was.

Ages are counted on the monotonic clock; the wall clock is for what others say and read.
"""

from typing import NamedTuple

from venuewatch.base import clock


class Now(NamedTuple):
    """One moment on both clocks (s): monotonic, and unixtime as our machine believes it."""

    monotonic_s: float
    wall_s: float

    def before(self, age_s: float) -> "Now":
        """Return the moment ``age_s`` earlier; never a later one."""
        age_s = max(0.0, age_s)
        return Now(self.monotonic_s - age_s, self.wall_s - age_s)


def now() -> Now:
    """Return this moment."""
    return Now(clock.monotonic(), clock.wall())


def on_wall(then: Now | None, now: Now) -> float | None:
    """Return when something was, in unixtime as our clock counts it at ``now``."""
    return None if then is None else now.wall_s - (now.monotonic_s - then.monotonic_s)
