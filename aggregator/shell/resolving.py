"""The aggregator's event loop: names are resolved beside it, in threads that nothing waits for.

asyncio itself resolves in the threads that render pages and read files, too. A name server that
is silent would fill them, and hold up the end of the process until it has answered.
"""

import asyncio
import contextlib
import socket
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from aggregator.shell.threads import Threads
from venuewatch.base.lookups import Lookups

if sys.platform == "win32":
    from asyncio import ProactorEventLoop as EventLoop
else:
    from asyncio import SelectorEventLoop as EventLoop

HANGING_MAX: Final = 16
"""How many names may wait for their answer at once: the broker's, and each receiver's."""

OF_ONE: Final = 2
"""How many of them may be the same name: one that hangs for ever keeps no broker from us."""


class Loop(EventLoop):
    """An event loop like any other. ``ask`` is the system's resolver."""

    def __init__(self, ask: Callable[..., list[Any]] = socket.getaddrinfo) -> None:
        super().__init__()
        self.set_default_executor(Threads(self.call_later))
        self._lookups = Lookups(ask, most=HANGING_MAX, of_one=OF_ONE)

    async def getaddrinfo(
        self,
        host: Any,
        port: Any,
        *,
        family: int = 0,
        type: int = 0,  # noqa: A002 - asyncio's name
        proto: int = 0,
        flags: int = 0,
    ) -> list[Any]:
        """Return what the system's resolver answers, to all that ask the same meanwhile.

        Raises:
            OSError: it knows no such name, or too many wait for their answer.
        """
        lookup = self._lookups.ask(host, port, family, type, proto, flags)
        answered = self.create_future()
        wake = partial(self._wake, answered)
        lookup.when_done(wake)
        try:
            await answered
        except asyncio.CancelledError:
            lookup.give_up(wake)
            raise
        return lookup.result()

    def _wake(self, answered: asyncio.Future[None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            self.call_soon_threadsafe(_settle, answered)


def _settle(answered: asyncio.Future[None]) -> None:
    if not answered.done():  # who asked may have been cancelled
        answered.set_result(None)
