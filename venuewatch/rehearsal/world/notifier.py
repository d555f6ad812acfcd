"""Notices of the aggregator, to a receiver that takes them or does not.

The queue is the product's own (``aggregator/core/notices``); only the way to the receiver is
modelled. What waits outlives the process, as in the journal's outbox.
"""

import random
from collections.abc import Callable
from functools import partial
from typing import Literal, TypeAlias

from aggregator.core.incidents.record import IncidentChanged
from aggregator.core.notices.queue import NoticeQueue, Waiting, waiting_of
from venuewatch.rehearsal.world.loop import Alarm, Loop
from venuewatch.rehearsal.world.process import SimProcess

ANSWER_S = 0.05
"""How long (s) a request takes, to its answer."""

TIMEOUT_S = 5.0  # aggregator.config
RETRY_MAX_S = 4.0  # aggregator.config
LOOK_EVERY_S = 2.0  # aggregator.shell.outlets.posting

Mood: TypeAlias = Literal["takes", "refuses", "hangs"]
"""A receiver takes notices, answers 401 at once, or nothing at all."""


class Notifier:
    """Sends the notices of one process after the other. It begins with ``start``.

    ``tell_trouble`` is called while the receiver fails for long with True, then with False.
    ``settle`` gets the ids that wait no more.

    Attributes:
        mood: how the receiver is.
        taken: each notice that was taken, and when (s).
        tried: how many attempts there were.
    """

    def __init__(
        self,
        loop: Loop,
        rng: random.Random,
        *,
        tell_trouble: Callable[[bool], None],
        settle: Callable[[str], None],
    ) -> None:
        self._loop = loop
        self._rng = rng
        self._tell_trouble = tell_trouble
        self._settle = settle
        self._alarm = Alarm(loop, lambda: self._process.run(self._look))
        self._process = SimProcess(loop)
        self._left: dict[str, Waiting] = {}
        self._queue = NoticeQueue(rng, retry_max_s=RETRY_MAX_S)
        self._is_failing = False
        self.mood: Mood = "takes"
        self.taken: list[tuple[float, Waiting]] = []
        self.tried = 0

    @property
    def waiting(self) -> int:
        """How many notices wait."""
        return len(self._left)

    def start(self, process: SimProcess) -> None:
        """Begin a run of the aggregator, with what an earlier one has left."""
        self._process = process
        self._is_failing = False
        self._queue = NoticeQueue(self._rng, retry_max_s=RETRY_MAX_S)
        for notice in self._left.values():
            self._queue.add(notice, self._loop.now)
        self._look()

    def tell(self, changed: IncidentChanged) -> None:
        """Queue the notice of a change."""
        notice = waiting_of(changed)
        self._left[notice.id] = notice
        for dropped in self._queue.add(notice, self._loop.now):
            self._process.after(0.0, partial(self._end, dropped))
        self._alarm.set(self._loop.now)

    def _look(self) -> None:
        """Send what may go now, and look again when more may."""
        now = self._loop.now
        while (notice := self._queue.take(now)) is not None:
            self._send(notice)
        is_failing = self._queue.failing_since(now) is not None
        if is_failing != self._is_failing:
            self._is_failing = is_failing
            self._tell_trouble(is_failing)
        if self.waiting:
            self._alarm.set(min(max(now, self._queue.next_at), now + LOOK_EVERY_S))

    def _send(self, notice: Waiting) -> None:
        process, mood = self._process, self.mood
        self.tried += 1
        lasts_s = TIMEOUT_S if mood == "hangs" else ANSWER_S

        def end() -> None:
            if process is not self._process:
                return
            if mood == "takes":
                self._queue.delivered(notice)
                self.taken.append((self._loop.now, notice))
                self._end(notice)
            else:
                self._queue.failed(notice, self._loop.now)
            self._look()

        process.after(lasts_s, end)

    def _end(self, notice: Waiting) -> None:
        del self._left[notice.id]
        self._settle(notice.id)
