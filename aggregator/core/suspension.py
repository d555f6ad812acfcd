"""Suspension: time in which no verdict is given on anybody, added up until that itself is told.

A spell begins when nobody may be judged any more, whatever the reason: our own tick is late, we
hear nothing, or our process did not run. It ends when verdicts are given again. Spells within
``TOGETHER_S`` of one another belong together. When they add up to ``SUSPENDED_S`` it is told, also
if the last one is over by then. The grace after a spell is no part of it: it ends by itself, and
one that is renewed before its end is told by itself (``Grace``). Times are monotonic seconds.
"""

import math
from typing import Literal, TypeAlias

Missing: TypeAlias = Literal["starting", "connection", "canary", "fleet", "overloaded", "stalled"]
"""The reason of a spell: what we do not hear, or that we hear it late, or did not run."""

SUSPENDED_S = 3.0
"""How long (s) verdicts may be suspended without a word."""

TOGETHER_S = 60.0
"""Spells that are no further apart (s) are one matter."""

KNOWN_WITHIN_S = 2.0
"""How long (s) after that it is told at the latest: meanwhile the broker's port is asked."""

_ONE_SPELL_S = 1.5  # a canary in time in the midst of late ones ends no spell


class Suspension:
    """The spells of one matter.

    Attributes:
        since: when its first spell began; INF before any.
        began: when the one that goes on now began; None while verdicts are given.
        why: the reason of its latest spell.
        spells: how many there were.
        is_again: whether its first spell began soon after a matter that was told and is over.
        tell_at: when it is to be told; INF while there is no need to, and once it is told.
    """

    def __init__(self) -> None:
        self._ended_at = -math.inf
        self._over_s = 0.0
        self._is_told = self._is_explained = self.is_again = False
        self._told_until = -math.inf
        self.why: Missing = "starting"
        self.began: float | None = None
        self.since = self.tell_at = math.inf
        self.spells = 0

    def lasted_s(self, now: float) -> float:
        """Return for how long (s) nobody was judged, all its spells together."""
        return self._over_s + (0.0 if self.began is None else now - self.began)

    def begin(self, at: float, why: Missing, now: float) -> None:
        """Note at ``now`` that nobody is judged from ``at`` on, and why (now).

        One that began right after the last one's end is the same spell.
        """
        self.why, at = why, max(at, self._ended_at)
        if self.began is None:
            if at - self._ended_at > TOGETHER_S:
                self._forget()
            self.spells += not self.spells or at - self._ended_at > _ONE_SPELL_S
        self.began = at if self.began is None else min(self.began, at)
        if self.since == math.inf:
            self.is_again = self.began - self._told_until <= TOGETHER_S
        self.since = min(self.since, self.began)
        if not self._is_told:
            left_s = max(0.0, SUSPENDED_S - self._over_s)
            self.tell_at = min(self.tell_at, max(now, self.began + left_s + KNOWN_WITHIN_S))

    def end(self, at: float) -> None:
        """Note that verdicts are given again from ``at`` on."""
        if self.began is None:
            return
        self._over_s += max(0.0, at - self.began)
        self.began, self._ended_at = None, at
        if self._over_s < SUSPENDED_S:
            self.tell_at = math.inf
        is_usual = self.why == "starting" and not self._is_told  # nobody was to be judged before
        if is_usual or self._is_explained:
            self._forget()

    def told(self) -> None:
        """Note that it was told; what follows within the time belongs to it."""
        self._is_told = True
        self.tell_at = math.inf

    def explain(self, until: float) -> None:
        """Note that another incident tells of it up to ``until``; then it is told if it goes on."""
        if self.began is None:
            self._forget()
        else:
            self._is_told, self._is_explained, self.tell_at = False, True, until

    def take_end(self, now: float) -> bool:
        """Tell whether what was told is over: at once after a single spell, else if none follows.

        Then what comes is another matter; but soon after this one, it is told as the same incident.
        """
        is_over = self.began is None and (self.spells <= 1 or now - self._ended_at > TOGETHER_S)
        if is_over and self._is_told:
            self._told_until = self._ended_at
            self._forget()
        return is_over

    def _forget(self) -> None:
        self._over_s, self._is_told, self._is_explained = 0.0, False, False
        self.since = self.tell_at = math.inf
        self.spells = 0


class Grace:
    """The grace in which hosts find their way back to us, and what it promised.

    It promised its end when it began. Where it is begun again before all hosts were judged, the
    first promise stands: a connection that flaps must not put verdicts off for ever, untold.

    Attributes:
        broken_at: when a promise is broken, if the grace is not over before; INF without one.
    """

    def __init__(self) -> None:
        self._promised = math.inf
        self._renewals = 0
        self.began = -math.inf
        self.broken_at = math.inf

    def begin(self, at: float, until: float, *, is_renewed: bool) -> None:
        """Note that a grace begins at ``at`` and is to end at ``until``.

        ``is_renewed``: hosts are waited for still, of the one before it.
        """
        if is_renewed and self._promised < math.inf:
            self._renewals += 1
            self.broken_at = max(at, self._promised)
        else:
            self.began, self._promised = at, until
            self._renewals, self.broken_at = 0, math.inf

    def end(self) -> None:
        """Note that every host is judged."""
        self._promised = self.broken_at = math.inf
        self._renewals = 0

    def take_broken(self, now: float) -> int:
        """Return, once, how often a grace was renewed that lasts longer than promised; else 0."""
        if now < self.broken_at:
            return 0
        self.broken_at = math.inf
        return self._renewals
