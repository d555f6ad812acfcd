"""Slots: how much may be rendered at a time, and whose turn it is.

``SLOTS`` may be in the making at a time; a slot is free again before anything is sent. The others
wait. Clients have their turns one after the other, each with one of what it waits for: a client
that asks for two hundred different pages keeps another one waiting for four of them. Where as many
wait as may, the client that waits for most gives up its last.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator

from aiohttp import hdrs, web

SLOTS = 4
"""One of these is rendered, the others are next: a second thread would only take turns with it."""

WAITING_MAX = 200
"""How many may wait for a slot."""

_RETRY = {hdrs.RETRY_AFTER: "1"}


class Slots:
    """The slots, and who waits for one."""

    def __init__(self) -> None:
        self._free = SLOTS
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}  # by client; the next one first

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(map(len, self._waiting.values()))

    @contextlib.asynccontextmanager
    async def taken(self, whose: str) -> AsyncIterator[None]:
        """Hold a slot while the block runs, once a client has its turn.

        Raises:
            HTTPServiceUnavailable: too many wait, and most of them for this client.
        """
        if self._free and not self._waiting:
            self._free -= 1
        else:
            await self._turn_of(whose)
        try:
            yield
        finally:
            self._free += 1
            self._go_on()

    async def _turn_of(self, whose: str) -> None:
        if self.waiting >= WAITING_MAX:
            self._refuse_one(whose)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(whose, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._free += 1  # it had got its slot
                self._go_on()
            raise

    def _refuse_one(self, whose: str) -> None:
        own = len(self._waiting.get(whose, ()))
        most = max(self._waiting, key=lambda each: len(self._waiting[each]))
        refused = web.HTTPServiceUnavailable(
            text="too many pages wait to be made, try again\n", headers=_RETRY
        )
        if len(self._waiting[most]) <= own + 1:
            raise refused
        last = self._waiting[most].pop()
        if not last.done():
            last.set_exception(refused)

    def _go_on(self) -> None:
        """Give free slots to those whose turn it is."""
        while self._free and self._waiting:
            whose = next(iter(self._waiting))
            mine = self._waiting.pop(whose)
            turn = mine.popleft()
            if mine:
                self._waiting[whose] = mine  # behind the others
            if not turn.done():  # it may have left
                self._free -= 1
                turn.set_result(None)
