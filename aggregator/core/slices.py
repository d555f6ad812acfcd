"""Slices: much work at once is done a slice at a time, and calls that come meanwhile wait.

A call of an inlet may find or cause a storm: 35,000 hosts are due, or we go blind. Then a slice of
that is decided, its outputs can be taken, and the driver comes again at once. Calls that come in
between wait in line, and are made with their own times: the order of all that is decided stays, and
since how often the driver looks changes no event, so do the events. A small fleet has no storms:
all of its work is one slice. Where calls have waited, what they bring is much, too: of that as well
a slice at a time is done.
"""

from collections import deque
from collections.abc import Iterator
from typing import Any, Final

SLICE: Final = 40
"""How many changes of hosts, with all that follows from them, are one slice: some 7 ms."""

HOSTS_AT_ONCE: Final = 20
"""How many hosts are given a deadline, an excuse or the like for the price of one change."""

MESSAGES_AT_ONCE: Final = 1_000
"""How many messages of one call are taken in at once: beats for some 7 ms."""

MESSAGES_OF_CALLS: Final = 250
"""After how many messages of several calls the others wait: vitals for some 10 ms."""

WAKE_WITH_WORK: Final = 80
"""For how many messages of several calls a wake counts that has to publish, to look, or to save."""

CROWDED: Final = 1_000
"""How many calls may wait; then each further one does a slice, too."""

WAITING_MAX: Final = 10_000
"""How many calls may wait at all; then the storm is gone through at once."""

UNREAD_MAX: Final = 100_000
"""How many messages may wait in these calls, some 60 MB; then it is gone on until they are less."""

_DONE: Final = object()


class Rest:
    """Work that has been begun and has to be finished before anything else."""

    def __init__(self) -> None:
        self._parts: deque[Iterator[None]] = deque()
        self.is_left = False

    def begin(self, part: Iterator[None]) -> None:
        """Do a part; what is more than a slice waits."""
        self._parts.append(part)
        self.is_left = True
        if len(self._parts) == 1:
            self.go_on(SLICE)

    def go_on(self, units: int) -> int:
        """Do so many units of what waits; return how many are left for other work."""
        parts = self._parts
        while parts and units > 0:
            if next(parts[0], _DONE) is _DONE:
                parts.popleft()
            else:
                units -= 1
        self.is_left = bool(parts)
        return units

    def finish(self) -> None:
        """Do all of it."""
        while self.is_left:
            self.go_on(SLICE)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Rest":
        """Return a copy without any work: a core is copied when none is left."""
        if self.is_left:
            raise RuntimeError("expected no work that has begun and not ended")
        copied = memo[id(self)] = Rest()
        return copied
