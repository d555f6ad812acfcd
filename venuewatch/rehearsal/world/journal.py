"""The aggregator's journal: its disk takes what is to be stored at once, or is full.

A store that is refused is tried again each ``RETRY_S``, as the product does. A later process
remembers what was stored last.
"""

from collections.abc import Callable

from aggregator.core.centre import Centre
from aggregator.core.outputs import Moment, Store
from aggregator.core.restore import Memory
from aggregator.core.verdicts.causes import Cause
from venuewatch.rehearsal.world.loop import Loop

RETRY_S = 5.0


class Journal:
    """What outlives the process; ``call`` has the core of the present run take a step.

    Attributes:
        is_full: whether the disk refuses everything.
        is_lost: whether it is gone: the next process begins with nothing, and tells so.
    """

    def __init__(self, loop: Loop, call: Callable[[Callable[[float], None]], None]) -> None:
        self._loop = loop
        self._call = call
        self._kept: list[tuple[Centre, int]] = []
        self._left: Memory | None = None
        self.is_full = False
        self.is_lost = False

    def store(self, centre: Centre, store: Store, now: float) -> None:
        """Store, or keep for later; answer the core at once."""
        if not self.is_full and not self._kept:
            centre.stored(now, store.token)
            return
        if not self._kept:
            self._left = centre.memory(Moment(now, now))
            self._loop.after(RETRY_S, self._retry)
        self._kept.append((centre, store.token))
        centre.not_stored(now, store.token)
        centre.begin_trouble(now, Cause.JOURNAL_FAILING, "the disk is full")

    def memory(self, before: Centre, stopped_at: float) -> Memory | None:
        """Return what the run ``before``, which stopped then, has left; None if it was lost."""
        if self.is_lost:
            return None
        return self._left or before.memory(Moment(stopped_at, stopped_at))

    def _retry(self) -> None:
        if self.is_full:
            self._loop.after(RETRY_S, self._retry)
        else:
            self._call(self._store_kept)

    def _store_kept(self, now: float) -> None:
        kept, self._kept, self._left = self._kept, [], None
        for centre, token in kept:
            centre.stored(now, token)
        kept[-1][0].end_trouble(now, Cause.JOURNAL_FAILING)
