"""The centre's questions about our neighbours: a few at a time, asked in other threads.

A question comes from the network, so how many there may be at once, how many a second, and for
how long is bounded here. What asks is loaded with the first question: most hosts hear none.
"""

import importlib
import queue
from collections import deque
from functools import partial
from typing import Literal, NamedTuple

from agent import config
from agent.runner import Threads
from venuewatch.base import clock
from venuewatch.base.wire.messages import Probe, Probed

UNDER_WAY_MAX = 5
A_SECOND_MAX = 10

WORTH_S = 3
"""How long (s) an answer is worth being said: the centre decides about a second after it asked."""


class Answer(NamedTuple):
    """What came of one question; ``is_reached`` is None where it could not be asked."""

    is_reached: bool | None
    way: Literal["icmp", "tcp", ""] = ""
    detail: str = ""


class _Ended(NamedTuple):
    probe: Probe
    answer: Answer
    duration_s: float
    at: float


class Neighbours:
    """Has neighbours asked, and keeps the answers until they can be said.

    Times are monotonic seconds. Nothing here waits for anything.

    Attributes:
        dropped: how many questions were too many; they are not answered.
    """

    def __init__(self, settings: config.Probing, threads: Threads, *, boot: str) -> None:
        self._settings = settings
        self._threads = threads
        self._boot = boot
        self._ended: queue.SimpleQueue[_Ended] = queue.SimpleQueue()
        self._under_way = 0
        self._asked_at: deque[float] = deque(maxlen=A_SECOND_MAX)
        self.dropped = 0

    def ask(self, probe: Probe, now: float) -> None:
        """Have a neighbour asked, or drop the question if there are too many."""
        is_often = len(self._asked_at) == A_SECOND_MAX and now - self._asked_at[0] < 1.0
        if is_often or self._under_way >= UNDER_WAY_MAX:
            self.dropped += 1
            return
        self._asked_at.append(now)
        self._under_way += 1
        if self._settings.enabled:
            self._threads.run(partial(self._ask, probe, now))
        else:
            self._ended.put(_Ended(probe, Answer(None, detail="probes are off here"), 0.0, now))

    def answers(self, now: float, session: int) -> list[Probed]:
        """Return the answers that have come since the last call, but those that are too old.

        An answer that is not fetched takes the place of a further question.
        """
        fresh = []
        while not self._ended.empty():
            ended = self._ended.get()
            self._under_way -= 1
            if now - ended.at <= WORTH_S:
                fresh.append(self._said(ended, session))
        return fresh

    def _ask(self, probe: Probe, asked_at: float) -> None:
        """Ask, in a thread: the question's time began when it was heard."""
        try:
            asking = importlib.import_module("agent.asking")
            left_s = probe.timeout_s - (clock.monotonic() - asked_at)
            answer = asking.ask(probe.address, probe.port, left_s, self._settings.networks)
        except Exception as error:  # noqa: BLE001 - a bug of ours says nothing of a neighbour
            answer = Answer(None, detail=type(error).__name__)
        at = clock.monotonic()
        self._ended.put(_Ended(probe, answer, at - asked_at, at))

    def _said(self, ended: _Ended, session: int) -> Probed:
        return Probed(
            boot=self._boot,
            session=session,
            number=ended.probe.number,
            host=ended.probe.host,
            is_reached=ended.answer.is_reached,
            way=ended.answer.way,
            duration_s=round(ended.duration_s, 6),
            detail=ended.answer.detail,
        )
