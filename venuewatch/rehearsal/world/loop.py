"""Runs actions in order of time on a virtual clock."""

import heapq
from collections.abc import Callable
from itertools import count
from typing import TypeAlias

Action: TypeAlias = Callable[[], None]


class Loop:
    """Does things at their time. ``now`` is in seconds, and does not pass by itself.

    What falls on the same moment happens in the order in which it was asked for.
    """

    __slots__ = ("_due", "_ticket", "now")

    def __init__(self, start: float = 0.0) -> None:
        self.now = start
        self._due: list[tuple[float, int, Action]] = []
        self._ticket = count()

    def at(self, when: float, do: Action) -> None:
        """Have ``do`` called at ``when``, or now if that is past."""
        heapq.heappush(self._due, (max(when, self.now), next(self._ticket), do))

    def after(self, delay_s: float, do: Action) -> None:
        """Have ``do`` called in ``delay_s``."""
        self.at(self.now + delay_s, do)

    def run(self, until: float) -> None:
        """Let everything happen that is due by ``until``, and be there."""
        due = self._due
        while due and due[0][0] <= until:
            self.now, _, do = heapq.heappop(due)
            do()
        self.now = max(self.now, until)


class Alarm:
    """One thing that is to happen next, and may be put off or called off."""

    __slots__ = ("_at", "_do", "_loop", "_set_for")

    def __init__(self, loop: Loop, do: Action) -> None:
        self._loop = loop
        self._do = do
        self._at: float | None = None
        self._set_for: float | None = None

    @property
    def at(self) -> float | None:
        """When it is set for, None if it is not."""
        return self._at

    def set(self, at: float) -> None:
        """Ring at ``at``, and not when it was set for before."""
        self._at = at
        if self._set_for is None or at < self._set_for:
            self._set_for = at
            self._loop.at(at, lambda: self._ring(at))

    def clear(self) -> None:
        """Do not ring."""
        self._at = None

    def _ring(self, set_for: float) -> None:
        if set_for != self._set_for:
            return
        self._set_for = None
        if self._at is None:
            return
        if self._at > self._loop.now:
            self.set(self._at)
            return
        self._at = None
        self._do()
