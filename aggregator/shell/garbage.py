"""Garbage: reference cycles are looked for between the loop's work, and never in the midst of it.

By default Python looks for them wherever an object is made, also while a page is rendered, and now
and then it looks at the whole fleet, while nothing else of the process can run. The core makes no
cycles; HTTP and asyncio make few. See ``docs/decisions/0024-the-collector.md``.
"""

import asyncio
import gc
from typing import NoReturn

from venuewatch.base import clock

LOOK_EVERY_S = 0.2
"""How often (s) what was made since the last look is looked at, at least."""

COUNT_EVERY_S = 0.02
"""How often (s) it is counted whether that is much, as in a storm."""

MUCH = 5_000
"""So many new objects are looked at at once: some 2 ms."""

WORKED_S = 0.02
"""So much CPU time (s) of the loop is looked at at once: it may have made as many, and not count.

Python's count is too small where old objects are freed meanwhile, as where a fleet comes back.
"""

WHOLE_EVERY = 50
"""Each of so many regular looks is at all that was made since the start, or is not frozen."""

LARGE = 10_000
"""Objects that are too many to be looked at: some 3 ms."""

_UNCOUNTED = 8 * LARGE  # too many even to be counted: some 8 ms

FREEZES_MAX = 100
"""How often so many are frozen in the beginning: a connection that is frozen with them may not be
freed."""

LOOKS_A_FREEZE = 3_000
"""Once more in so many regular looks: ten minutes."""


class Garbage:
    """The collector of this process, which runs when it is told to."""

    def __init__(self) -> None:
        self._looks = 0
        self._kept = 0  # objects that earlier looks have left, at most
        self._freezes = 0
        self._worked_s = 0.0  # CPU time of this thread, when new objects were last looked at

    def begin(self) -> None:
        """Take it over. What there is now is here to stay, and is not looked at again."""
        gc.collect()
        gc.freeze()
        gc.disable()

    def look(self) -> None:
        """Free what has become garbage among the new, or among everything when that is due.

        Where everything is too much a fleet has come up, which is here to stay.
        """
        self._looks += 1
        is_due = self._looks % WHOLE_EVERY == 0
        if is_due and self._count() <= LARGE:
            gc.collect()
            return
        self._look()
        if is_due and self._freezes < FREEZES_MAX + self._looks // LOOKS_A_FREEZE:
            self._freezes += 1
            self._kept = 0
            gc.freeze()

    def look_if_much(self) -> None:
        """Look at what is new if that may be so much that the next look would be a long one."""
        if gc.get_count()[0] >= MUCH or clock.thread_cpu() - self._worked_s >= WORKED_S:
            self._look()

    def _look(self) -> None:
        self._kept += gc.get_count()[0]
        gc.collect(0)
        self._worked_s = clock.thread_cpu()

    def _count(self) -> int:
        """Return how many objects are not frozen, or at most, where it would take long to count."""
        if self._kept <= _UNCOUNTED:
            self._kept = len(gc.get_objects())
        return self._kept

    def end(self) -> None:
        """Give it back to Python."""
        gc.enable()
        gc.unfreeze()


async def collect() -> NoReturn:
    """Look for garbage in this way, for as long as this runs."""
    garbage = Garbage()
    garbage.begin()
    look_at = clock.monotonic() + LOOK_EVERY_S
    try:
        while True:
            await asyncio.sleep(COUNT_EVERY_S)
            if clock.monotonic() < look_at:
                garbage.look_if_much()
            else:
                garbage.look()
                look_at = clock.monotonic() + LOOK_EVERY_S
    finally:
        garbage.end()
