"""Suspects a host by phi, the surprise at its silence.

Source: Hayashibara, Défago, Yared, Katayama, "The phi accrual failure detector", 2004.

The times between beats are taken as normally distributed; phi is minus the decimal logarithm of
the chance that a living host would be silent for so long. Settings as Akka and Cassandra made
them customary: threshold 8, window 1,000, least standard deviation 100 ms.
"""

import math
from collections import deque
from statistics import NormalDist

THRESHOLD = 8.0
WINDOW = 1_000
LEAST_DEVIATION_S = 0.1


class Phi:
    """Suspects a host when phi reaches the threshold, and ``pause_s`` have passed besides.

    Until two beats were heard it takes them as one interval apart, a quarter more or less, as
    Akka does.
    """

    def __init__(
        self,
        interval_s: float,
        *,
        threshold: float = THRESHOLD,
        window: int = WINDOW,
        pause_s: float = 0.0,
    ) -> None:
        self._sigmas = -NormalDist().inv_cdf(10.0**-threshold)
        self._window = window
        self._pause_s = pause_s
        self._times_s = deque((0.75 * interval_s, 1.25 * interval_s))
        self._sum = sum(self._times_s)
        self._sum_of_squares = sum(time_s * time_s for time_s in self._times_s)
        self._last = -math.inf

    @property
    def deadline(self) -> float:
        """When (s) phi reaches the threshold; infinity before the first beat."""
        if self._last == -math.inf:
            return math.inf
        count = len(self._times_s)
        mean = self._sum / count
        variance = max(0.0, self._sum_of_squares / count - mean * mean)
        deviation = max(LEAST_DEVIATION_S, math.sqrt(variance))
        return self._last + mean + self._sigmas * deviation + self._pause_s

    def hear(self, _number: int, now: float) -> None:
        """Take in a beat, heard at ``now`` (s)."""
        if self._last > -math.inf:
            time_s = now - self._last
            self._times_s.append(time_s)
            self._sum += time_s
            self._sum_of_squares += time_s * time_s
            if len(self._times_s) > self._window:
                old_s = self._times_s.popleft()
                self._sum -= old_s
                self._sum_of_squares -= old_s * old_s
        self._last = now
