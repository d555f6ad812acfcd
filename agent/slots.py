"""Counts evenly spaced moments: pure arithmetic on a clock that is given."""

import math


class Slots:
    """Evenly spaced moments, numbered from 0 at ``start`` (monotonic s), ``every_s`` apart.

    A slot that is taken late is not made up for: the number jumps, so that it counts what was
    due and not what was done, and the rhythm keeps its phase.

    Attributes:
        skipped: how many slots were never taken, as a later one had begun.
    """

    def __init__(self, start: float, every_s: float) -> None:
        if not every_s > 0:
            raise ValueError(f"slots must be apart, got {every_s} s")
        self._start = start
        self._every_s = every_s
        self._taken = -1
        self._next_at = start
        self.skipped = 0

    @property
    def taken(self) -> int:
        """The number of the slot that was taken last, -1 before the first."""
        return self._taken

    @property
    def next_at(self) -> float:
        """When (monotonic s) the next slot begins."""
        return self._next_at

    def take(self, now: float) -> int | None:
        """Return the number of the newest slot that has begun since the last call, or None."""
        if now < self._next_at:
            return None
        newest = math.floor((now - self._start) / self._every_s)
        following = self._taken + 1
        self._taken = max(newest, following)
        self.skipped += self._taken - following
        self._next_at = self._next_slot()
        return self._taken

    def advance_by(self, earlier_s: float) -> None:
        """Let the next slot, and with it all others, begin ``earlier_s`` (s) earlier.

        Called before the next slot has begun, it makes no number be left out.

        Raises:
            ValueError: a negative shift, or more than one interval.
        """
        if not 0.0 <= earlier_s <= self._every_s:
            raise ValueError(f"expected 0 to {self._every_s} s earlier, got {earlier_s}")
        self._start -= earlier_s
        self._next_at = self._next_slot()

    def _next_slot(self) -> float:
        return self._start + (self._taken + 1) * self._every_s
