"""Garbage: reference cycles are looked for between the loop's work, and never in the midst of it.

By default Python looks for them wherever an object is made, also while a page is rendered, and now
and then it looks at the whole fleet, while nothing else of the process can run. The core makes no
cycles; HTTP and asyncio make few. See ``docs/decisions/0024-the-collector.md``.
"""

import asyncio
import gc
from typing import NoReturn

LOOK_EVERY_S = 1.0
"""How often (s) what was made since the last look is looked at."""

WHOLE_EVERY = 10
"""Each of so many looks is at all that was made since the start, or is not frozen."""

LARGE = 30_000
"""Objects that are too many to be looked at each time: some 10 ms."""

FREEZES_MAX = 100
"""How often so many are frozen at most: a connection that is frozen with them may not be freed."""


class Garbage:
    """The collector of this process, which runs when it is told to."""

    def __init__(self) -> None:
        self._looks = 0
        self._freezes = 0

    def begin(self) -> None:
        """Take it over. What there is now is here to stay, and is not looked at again."""
        gc.collect()
        gc.freeze()
        gc.disable()

    def look(self) -> None:
        """Free what has become garbage among the new, or among everything when that is due.

        A fleet that has come up meanwhile is here to stay, too.
        """
        self._looks += 1
        gc.collect(0 if self._looks % WHOLE_EVERY else 2)
        if self._freezes < FREEZES_MAX and len(gc.get_objects()) > LARGE:
            self._freezes += 1
            gc.freeze()

    def end(self) -> None:
        """Give it back to Python."""
        gc.enable()
        gc.unfreeze()


async def collect() -> NoReturn:
    """Look for garbage in this way, for as long as this runs."""
    garbage = Garbage()
    garbage.begin()
    try:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            garbage.look()
    finally:
        garbage.end()
