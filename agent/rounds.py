"""Takes the vitals of one host, round by round, past collectors that hang.

The life of a round:

1. A thread has one collector after the other read. Nearly always that is all.
2. When none was begun for ``PATIENCE_S`` and some are ahead, another thread goes on with those.
   The slow one keeps its thread.
3. The round is over when all have ended, or after ``longest_s``. A collector that was begun and
   has not ended by then hangs: it has success 0, and the time since it was begun.
4. The next rounds leave it out, with success 0, until it ends. What it read is dropped.

So a collector never runs twice at a time, and keeps one thread at most.
"""

from collections.abc import Callable, Sequence

from agent.runner import Threads
from agent.slots import Slots
from agent.vitals import Collector, Ended, Round, composed
from venuewatch.base.wire.readings import Readings

PATIENCE_S = 0.5
"""How long (s) collectors wait for a slow one, and never over half of a round."""

LONGEST_S = 5.0
"""How long (s) a round takes at most, and never over half of the time between two."""


class Rounds:
    """Vitals in their rhythm. Not for two threads at once; times are of ``clock`` (monotonic s)."""

    def __init__(
        self,
        collectors: Sequence[Collector],
        threads: Threads,
        clock: Callable[[], float],
        *,
        start: float,
        every_s: float,
    ) -> None:
        self._collectors = collectors
        self._threads = threads
        self._clock = clock
        self._slots = Slots(start, every_s)
        self._longest_s = min(LONGEST_S, every_s / 2)
        self._patience_s = min(PATIENCE_S, self._longest_s / 2)
        self._round: Round | None = None
        self._until = start
        self._was_late = False
        self._hung: dict[str, Round] = {}

    @property
    def next_at(self) -> float:
        """When (monotonic s) to call ``advance`` again, if no collector ends before."""
        if self._round is None:
            return self._slots.next_at
        if not self._round.ahead:
            return self._until
        return min(self._until, self._round.moved_at + self._patience_s)

    @property
    def slot(self) -> int:
        """The number of the latest round in the rhythm: it counts those that were due."""
        return self._slots.taken

    @property
    def hung(self) -> tuple[str, ...]:
        """The names of the collectors that were hanging when the latest round was over."""
        return tuple(self._hung)

    def advance(self, now: float) -> Readings | None:
        """Begin or go on with a round; return what it brought when it is over."""
        if self._round is None:
            if self._slots.take(now) is not None:
                self._begin(now)
            return None
        if self._is_on(self._round, now):
            return None
        return self._end(self._round, now)

    def _is_on(self, current: Round, now: float) -> bool:
        """Tell whether a round goes on; have another thread go on with it where that is due."""
        if len(current.ended) == current.size:
            return False
        late_s = now - self.next_at
        if late_s > PATIENCE_S and not self._was_late:
            # This process may not have run, so a collector does not hang for that; once a round.
            self._was_late = True
            self._until += late_s
            current.moved_at = now
        elif current.ahead and now >= current.moved_at + self._patience_s:
            current.moved_at = now
            self._threads.run(current.work)
        return now < self._until

    def _begin(self, now: float) -> None:
        """Have all collectors read that do not hang."""
        self._hung = {name: it for name, it in self._hung.items() if name not in it.ended}
        asked = [each for each in self._collectors if each.name not in self._hung]
        self._round = Round(asked, self._clock, now)
        self._until = now + self._longest_s
        self._was_late = False
        self._threads.run(self._round.work)

    def _end(self, over: Round, now: float) -> Readings:
        """Return what a round brought; what no thread has begun is not begun any more."""
        self._round = None
        left = over.stop()
        known: dict[str, Ended] = {}
        for name, _ in self._collectors:
            ended = over.ended.get(name)
            if ended is None and name in left:
                ended = Ended(None, 0.0)
            elif ended is None:
                since = self._hung.setdefault(name, over).begun.get(name, now)
                ended = Ended(None, now - since)
            known[name] = ended
        return composed(known)
