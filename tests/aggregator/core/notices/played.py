"""A queue of notices and a receiver, both in played time."""

import heapq
import random
from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias

from aggregator.core.notices.queue import INF, NoticeQueue, Waiting
from aggregator.core.notices.turns import Owner

Answer: TypeAlias = Literal["taken", "refused", "failed"] | float
"""What becomes of an attempt; a number is a failure with the wish for a pause of so long (s)."""

Receives: TypeAlias = Callable[[float, Waiting], tuple[Answer, float]]
"""Returns what becomes of an attempt that began at a time, and how long (s) it takes."""

SOON_S = 0.01


def notice(
    number: int,
    seq: int = 1,
    change: str = "opened",
    *,
    venue: str = "STA",
    host: str = "s1",
    size: int = 100,
) -> Waiting:
    return Waiting(f"{number}-{seq}", number, seq, Owner(venue, host), change, b"", size)


def taken(_: float, __: Waiting) -> tuple[Answer, float]:
    return "taken", SOON_S


def failed(_: float, __: Waiting) -> tuple[Answer, float]:
    return "failed", SOON_S


class Attempt(NamedTuple):
    """One attempt, and what it became."""

    at: float
    notice: Waiting
    answer: Answer


class Played:
    """A queue, and the attempts that its receiver has had."""

    def __init__(self, receives: Receives = taken, **bounds: int) -> None:
        self.queue = NoticeQueue(random.Random(7), retry_max_s=4.0, **bounds)
        self.receives = receives
        self.now = 0.0
        self.attempts: list[Attempt] = []
        self.dropped: list[Waiting] = []
        self.most_at_once = 0
        self._under_way: list[tuple[float, int, Attempt]] = []

    @property
    def taken(self) -> list[str]:
        """The ids of what was taken, in the order of the attempts."""
        return [attempt.notice.id for attempt in self.attempts if attempt.answer == "taken"]

    def add(self, *notices: Waiting) -> None:
        for one in notices:
            self.dropped += self.queue.add(one, self.now)

    def run(self, seconds: float = 60.0) -> None:
        """Let time pass; notices go out as the queue says."""
        until = self.now + seconds
        while True:
            self._send()
            due = self._under_way[0][0] if self._under_way else INF
            at = min(due, max(self.now, self.queue.next_at))
            if at > until:
                break
            self.now = at
            if due <= at:
                self._answer()
        self.now = until

    def taken_at(self, id_: str) -> float:
        return next(it.at for it in self.attempts if (it.notice.id, it.answer) == (id_, "taken"))

    def _send(self) -> None:
        while (one := self.queue.take(self.now)) is not None:
            answer, lasts_s = self.receives(self.now, one)
            attempt = Attempt(self.now, one, answer)
            self.attempts.append(attempt)
            heapq.heappush(self._under_way, (self.now + lasts_s, len(self.attempts), attempt))
            self.most_at_once = max(self.most_at_once, len(self._under_way))

    def _answer(self) -> None:
        _, _, (_, one, answer) = heapq.heappop(self._under_way)
        if answer == "taken":
            self.queue.delivered(one)
        elif answer == "refused":
            self.queue.refused(one, self.now)
        elif answer == "failed":
            self.queue.failed(one, self.now)
        else:
            assert isinstance(answer, float)
            self.queue.failed(one, self.now, pause_s=answer)
