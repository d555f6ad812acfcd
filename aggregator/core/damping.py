"""Flap damping, as routers do it with routes (RFC 2439): falls add up, and fade with time."""

import math

FALL = 1_000.0
HALF_LIFE_S = 300.0
REUSE = 800.0

_LEAST = 1.0  # less than this is nothing


class Damping:
    """The penalty of one subject. Times are monotonic seconds."""

    __slots__ = ("_at", "_penalty", "falls")

    def __init__(self) -> None:
        self._at = 0.0
        self._penalty = 0.0
        self.falls = 0

    def fall(self, at: float) -> float:
        """Note a fall, and return the penalty with it."""
        faded = self.penalty(at)
        if faded < _LEAST:
            self.falls = 0
        self.falls += 1
        self._penalty, self._at = faded + FALL, at
        return self._penalty

    def recall(self, falls: int, at: float) -> None:
        """Note that an earlier incident was opened at ``at``, with which there were ``falls``."""
        self.fall(at)
        while self.falls < falls:
            self.fall(at)

    def hold(self, at: float) -> None:
        """Let it take a half-life from ``at`` at least until single falls are news again."""
        self._penalty, self._at = max(self.penalty(at), 2 * REUSE), at

    def penalty(self, at: float) -> float:
        """Return what is left of it; half of it is gone after each half-life."""
        return self._penalty * float(0.5 ** (max(0.0, at - self._at) / HALF_LIFE_S))

    def reuse_at(self) -> float:
        """Return when (s) the penalty has faded to where single falls are news again."""
        if self._penalty <= REUSE:
            return self._at
        return self._at + HALF_LIFE_S * math.log2(self._penalty / REUSE)
