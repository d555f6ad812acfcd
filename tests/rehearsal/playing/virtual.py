"""Workers of a virtual clock, for tests of what plays a live world."""

import heapq
import itertools
from collections.abc import Callable
from typing import TypeVar

from venuewatch.rehearsal.playing.workers import Done, Lane, Workers

T = TypeVar("T")


class Hands(Workers):
    """Workers whose time passes only while somebody takes what has come.

    Attributes:
        now: s of the virtual clock.
        waits_s: how long a piece of work of a lane waits until it begins.
        takes_s: and how long it takes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.waits_s: dict[Lane, float] = {"strike": 0.0, "mend": 0.0, "look": 0.0}
        self.takes_s: dict[Lane, float] = {"strike": 0.0, "mend": 0.0, "look": 0.0}
        self._coming: list[tuple[float, int, Callable[[], None]]] = []
        self._ticket = itertools.count()

    def do(self, lane: Lane, work: Callable[[], T], then: Callable[[Done[T]], None]) -> None:
        """Have it done when its time has passed."""
        began_at = self.now + self.waits_s[lane]
        ended_at = began_at + self.takes_s[lane]

        def come() -> None:
            then(Done(work(), began_at, ended_at))

        heapq.heappush(self._coming, (ended_at, next(self._ticket), come))

    def take(self, wait_s: float) -> None:
        """Take what comes first within that time, and all that comes with it."""
        end = self.now + wait_s
        if not self._coming or self._coming[0][0] > end:
            self.now = end
            return
        self.now = max(self.now, self._coming[0][0])
        while self._coming and self._coming[0][0] <= self.now:
            heapq.heappop(self._coming)[2]()
