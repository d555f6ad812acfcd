"""Forking: an independent copy of the core, made in pieces while its process goes on.

Calls of inlets are held meanwhile, and made afterwards with their own times. Since how often the
driver looks changes no event, they lead to the same.
"""

import contextlib
import copy
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from aggregator.core.host import INF


class Held:
    """The calls that wait while a copy is made.

    Attributes:
        is_on: whether calls are to wait.
        until: when (monotonic s) the driver is to come again meanwhile.
    """

    def __init__(self) -> None:
        self._calls: list[Callable[[], None]] = []
        self.is_on = False
        self.until = -INF

    def begin(self, until: float) -> None:
        """Have calls wait from now on."""
        self.is_on, self.until = True, until

    def keep(self, call: Callable[[], None], until: float) -> None:
        """Let a call wait."""
        self._calls.append(call)
        self.until = until

    def make_one(self) -> bool:
        """Make the oldest call that waits; return whether there was one."""
        if not self._calls:
            return False
        self.is_on = False
        try:
            self._calls.pop(0)()
        finally:
            self.is_on = True
        return True

    def release(self) -> None:
        """Make every call that waits, even if one of them fails, and let none wait any more."""
        calls, self._calls = self._calls, []
        self.is_on, self.until = False, -INF
        with contextlib.ExitStack() as stack:
            for call in reversed(calls):
                stack.callback(call)

    def copy(self, of: "_CoreT", memo: dict[int, Any]) -> "_CoreT":
        """Return a copy of a core for which no call waits."""
        memo[id(self)] = Held()
        return copy.deepcopy(of, memo)


_CoreT = TypeVar("_CoreT")


def fork_in_pieces(
    core: _CoreT, held: Held, parts: Iterable[Iterable[object]], *, until: float
) -> "Iterator[_CoreT | None]":
    """Yield None after each piece of work, and the copy of ``core`` at last.

    ``parts``: what can be copied before the rest, each a small piece of work. ``until``: when the
    driver is to come again. It ends without a copy once nothing is held any more.
    """
    held.begin(until)
    try:
        memo: dict[int, Any] = {}
        for part in parts:
            for each in part:
                copy.deepcopy(each, memo)
            yield None
            if not held.is_on:
                return
        forked = held.copy(core, memo)
        yield None
        while held.make_one():
            yield None
    finally:
        held.release()
    yield forked
