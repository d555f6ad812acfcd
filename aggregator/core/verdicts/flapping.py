"""Verdict on a subject that falls again and again: damping, as routers damp routes (RFC 2439).

Falls add up, and fade with time. Beyond ``SUPPRESS`` single falls are no news: one incident
``flapping`` holds them, until the sum has faded to ``REUSE``. Times are monotonic seconds.
"""

import math

from aggregator.core.verdicts.causes import CENTRE, Cause, Evidence, Verdict

FALL = 1_000.0
EXCUSED_FALL = FALL / 4
"""What a fall adds that its agent explains: not nothing, or each of many would be news."""

HALF_LIFE_S = 300.0
SUPPRESS = 2_500.0
"""The penalty from which on single falls are no news."""

REUSE = 800.0

LEAST = 1.0
"""A penalty that is less is nothing: ten half-lives after one fall."""


class Damping:
    """The penalty of one subject."""

    __slots__ = ("_at", "_penalty", "falls")

    def __init__(self) -> None:
        self._at = 0.0
        self._penalty = 0.0
        self.falls = 0

    def fall(self, at: float) -> float:
        """Note a fall, and return the penalty with it."""
        faded = self.penalty(at)
        if faded < LEAST:
            self.falls = 0
        self.falls += 1
        self._penalty, self._at = faded + FALL, at
        return self._penalty

    def excuse(self, fell_at: float, at: float) -> None:
        """Let the fall at ``fell_at`` count as one that is explained."""
        faded = float(0.5 ** (max(0.0, at - fell_at) / HALF_LIFE_S))
        self._penalty = max(0.0, self.penalty(at) - (FALL - EXCUSED_FALL) * faded)
        self._at = at

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


def judge(at: float, falls: int, penalty: float) -> Verdict | None:
    """Return that the subject flaps when its falls add up to more than the limit."""
    if penalty < SUPPRESS:
        return None
    detail = {"falls": falls, "penalty": round(penalty)}
    return Verdict(Cause.FLAPPING, (Evidence(at, CENTRE, "falls", detail),))
