"""Runs actions in order of time on a virtual clock."""

import heapq
import math
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

    @property
    def waiting(self) -> int:
        """How many actions wait for their time."""
        return len(self._due)

    def at(self, when: float, do: Action) -> None:
        """Have ``do`` called at ``when``, or now if that is past."""
        heapq.heappush(self._due, (max(self.now, when), next(self._ticket), do))

    def after(self, delay_s: float, do: Action) -> None:
        """Have ``do`` called in ``delay_s``."""
        self.at(self.now + delay_s, do)

    def run(self, until: float) -> None:
        """Let everything happen that is due by ``until``, and be there."""
        due, pop = self._due, heapq.heappop
        while due and due[0][0] <= until:
            self.now, _, do = pop(due)
            do()
        self.now = max(self.now, until)


class Alarm:
    """One thing that is to happen next, and may be put off or called off.

    It asks the loop for each moment once, and for none that never comes.
    """

    __slots__ = ("_asked", "_at", "_do", "_loop", "_set_for")

    def __init__(self, loop: Loop, do: Action) -> None:
        self._loop = loop
        self._do = do
        self._at: float | None = None
        self._set_for: float | None = None
        self._asked: list[float] = []

    @property
    def at(self) -> float | None:
        """When it is set for, None if it is not."""
        return self._at

    def set(self, at: float) -> None:
        """Ring at ``at``, and not when it was set for before; at infinity that is never."""
        self._at = at
        now = self._loop.now
        when = max(now, at)
        if self._set_for is None or when < self._set_for:
            self._set_for = when
            if when < math.inf and when not in self._asked:
                self._asked.append(when)
                self._loop.at(when, self._ring)

    def clear(self) -> None:
        """Do not ring."""
        self._at = None

    def _ring(self) -> None:
        now = self._loop.now
        self._asked.remove(now)
        if now != self._set_for:
            return
        self._set_for = None
        if self._at is None:
            return
        if self._at > now:
            self.set(self._at)
            return
        self._at = None
        self._do()
