"""Expects each beat from the mean of those before it, plus alpha (Chen's detector NFD-E).

Source: Chen, Toueg, Aguilera, "On the quality of service of failure detectors", IEEE Transactions
on Computers 51(5), 2002. The next beat is expected from the mean of the last 1,000, and may be
``alpha_s`` later. Alpha follows from the wanted time between mistakes by the procedure of their
sections 4 to 6: what is known of the delays is their variance and how many messages are lost.
"""

import math
from collections import deque

WINDOW = 1_000
_STEP_S = 0.1


class Chen:
    """Suspects a host whose next beat is ``alpha_s`` later than expected."""

    def __init__(self, interval_s: float, *, alpha_s: float, window: int = WINDOW) -> None:
        self._interval_s = interval_s
        self._alpha_s = alpha_s
        self._window = window
        self._offsets_s: deque[float] = deque()
        self._sum = 0.0
        self._newest = -1

    @property
    def deadline(self) -> float:
        """When (s) the next beat is overdue; infinity before the first."""
        if not self._offsets_s:
            return math.inf
        expected = self._sum / len(self._offsets_s) + (self._newest + 1) * self._interval_s
        return expected + self._alpha_s

    def hear(self, number: int, now: float) -> None:
        """Take in beat ``number``, heard at ``now`` (s)."""
        offset_s = now - number * self._interval_s
        self._offsets_s.append(offset_s)
        self._sum += offset_s
        if len(self._offsets_s) > self._window:
            self._sum -= self._offsets_s.popleft()
        self._newest = max(self._newest, number)


def alpha_for(
    recurrence_s: float, *, interval_s: float, variance_s2: float, lost: float = 0.0
) -> float:
    """Return the least alpha (s, in tenths) whose mistakes recur no sooner than ``recurrence_s``.

    Their theorem: mistakes are at least interval / beta apart, where beta is the product, over
    all j from 0 up to but not with alpha / interval, of
    (V + p x (alpha - j x interval)^2) / (V + (alpha - j x interval)^2), with the delays' variance
    V and the share p of lost messages; over TCP none is lost. One-sided Chebyshev bounds make it
    hold for every distribution, as long as one delay says nothing of the next.
    """
    steps = 0
    while True:
        steps += 1
        alpha_s = steps * _STEP_S
        beta = 1.0
        for j in range(math.ceil(alpha_s / interval_s)):
            square = (alpha_s - j * interval_s) ** 2
            beta *= (variance_s2 + lost * square) / (variance_s2 + square)
        if interval_s >= recurrence_s * beta:
            return alpha_s
