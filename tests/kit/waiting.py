"""Waiting: a test goes on as soon as something is so."""

import asyncio
from collections.abc import Callable

PATIENCE_S = 10.0


class Waiting:
    """Whatever notes something says so here, and a test waits for it."""

    def __init__(self) -> None:
        self._noted = asyncio.Event()

    def note(self) -> None:
        """Have the waiting test look again."""
        self._noted.set()

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until what was noted makes ``is_so`` true, for ``PATIENCE_S`` at most."""
        async with asyncio.timeout(PATIENCE_S):
            while not is_so():
                self._noted.clear()
                await self._noted.wait()


async def until(is_so: Callable[[], bool]) -> None:
    """Wait until ``is_so``, of which nothing is noted."""
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():  # noqa: ASYNC110 - there is no event
            await asyncio.sleep(0.005)
