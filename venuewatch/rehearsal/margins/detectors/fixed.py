"""Suspects a host after a fixed number of intervals, as most monitors do."""

import math

INTERVALS = 3.0


class Fixed:
    """Suspects a host that was silent for three intervals."""

    def __init__(self, interval_s: float, *, intervals: float = INTERVALS) -> None:
        self._timeout_s = intervals * interval_s
        self.deadline = math.inf

    def hear(self, _number: int, now: float) -> None:
        """Take in a beat, heard at ``now`` (s)."""
        self.deadline = now + self._timeout_s
