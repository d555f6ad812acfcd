"""Connections: how many there may be, whose they are, and which are ended first.

1. ``[web] max_connections`` are open at most, and beside them the event streams, which have a
   bound of their own (``[web] max_pages``). Where the process may open fewer files, it is fewer:
   ``DESCRIPTORS_KEPT`` are kept for the broker and the journal.
2. Of one client at most ``HEADLESS_MAX`` wait for a whole request head; the oldest makes room. The
   address of a proxy that ``[web] proxies`` lists may have all.
3. Where all are taken, the client that has the most makes room for others: of its connections the
   oldest on which nothing is asked, and else the one that has taken nothing for longest. For more
   of its own it gives only what is not in use; else the new connection is refused. Event streams
   count for nothing here: they have taken none of these places.
4. A request head has ``HEAD_S``. Until it is answered it may have ``RECEIVED_MAX`` bytes, with all
   that comes behind it. A client that takes nothing of its answer for ``TAKE_S`` is given
   up. The next request has to come within ``IDLE_S`` (``connection.py``).
5. What waits to be sent is ``UNSENT_MAX`` at most in all (``sending.py``).
"""

import asyncio
import contextlib
import logging
import os
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from aiohttp import web

from aggregator.config import Web
from aggregator.shell.http.clients import Network, address_of_socket, counted_as, is_in, networks_of
from aggregator.shell.http.connection import Connection
from venuewatch.base import log

if sys.platform != "win32":  # where sockets are no files
    import resource

REASONS: Final = (
    "client_without_head",
    "descriptors",
    "full",
    "no_head",
    "refused",
    "sends_too_much",
    "takes_nothing",
    "unsent",
)
"""Why connections are ended, or not taken."""

HEADLESS_MAX: Final = 64
HEAD_S: Final = 10.0
TAKE_S: Final = 30.0
DESCRIPTORS_KEPT: Final = 32

_PLENTY: Final = 1_000_000
_LEAST: Final = 8  # connections, however few descriptors there are
_LOOK_EVERY_S: Final = 1.0
_AT_ONCE: Final = 200  # connections that are looked at between two turns of the loop
_TELL_EVERY_S: Final = 60.0

_logger = logging.getLogger("aggregator.http")


class Connections:
    """All that are open.

    Attributes:
        ended: how many were ended or refused, by reason.
        unsent: how many bytes wait in their buffers.
        streams: how many are event streams.
    """

    def __init__(self) -> None:
        self.ended: Counter[str] = Counter()
        self.unsent = 0
        self.streams = 0
        self._settings = Web()
        self._proxies: Sequence[Network] = ()
        self._others = 0  # files that were open before
        self._of: dict[str, dict[Connection, None]] = {}  # by client; the oldest first
        self._streams_of: Counter[str] = Counter()
        self._headless: dict[str, dict[Connection, None]] = {}
        self._counted: dict[Connection, tuple[int, bool]] = {}  # the oldest first
        self._told_at = -_TELL_EVERY_S

    def use(self, settings: Web) -> None:
        """Count by these settings from now on."""
        self._settings = settings
        self._proxies = networks_of(settings.proxies)

    @property
    def open(self) -> int:
        """How many are open, event streams among them."""
        return len(self._counted)

    @property
    def limit(self) -> int:
        """How many there may be now beside event streams."""
        return max(_LEAST, min(self._settings.max_connections, self._room() - self.streams))

    @property
    def streams_max(self) -> int:
        """How many event streams there may be: at most half of what files allow."""
        return max(_LEAST, min(self._settings.max_pages, self._room() // 2))

    def admit(self, server: web.Server, peer: object, logger: logging.Logger) -> Connection | None:
        """Return a connection for a new client at ``peer``; None if it is refused."""
        address = address_of_socket(peer)
        whose = counted_as(address)
        headless = self._headless.get(whose, {})
        if len(headless) >= HEADLESS_MAX and not is_in(address, self._proxies):
            self.end(next(iter(headless)), "client_without_head")
        if self.open - self.streams >= self.limit and not self._make_room_for(whose):
            self._note("refused", self._with_most())
            return None
        now = asyncio.get_running_loop().time()
        connection = Connection(server, whose, now, self._on_change, self._on_flood, logger)
        self._of.setdefault(whose, {})[connection] = None
        self._counted[connection] = (0, False)
        self._on_change(connection)
        return connection

    def forget(self, connection: Connection) -> None:
        """Count a connection no more."""
        connection.is_gone = True
        self._on_change(connection)

    def end(self, connection: Connection, why: str) -> None:
        """End a connection now."""
        self._note(why, connection.whose)
        self.forget(connection)
        connection.end()

    def end_idle(self, why: str) -> None:
        """End each connection on which nothing is asked."""
        for connection in [each for each in self._counted if not each.is_busy]:
            self.end(connection, why)

    async def watch(self) -> None:
        """End what is too late, until cancelled."""
        with contextlib.suppress(OSError):
            self._others = len(os.listdir("/dev/fd")) - self.open  # noqa: PTH208 - a count of links
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            for place, connection in enumerate(list(self._counted), 1):
                try:
                    self._look_at(connection, loop.time())
                except Exception as error:  # noqa: BLE001 - a bug with one spares no other
                    log.failure(_logger, "connection_not_looked_at", error)
                if place % _AT_ONCE == 0:
                    await asyncio.sleep(0)

    def by_patience(self, of: Iterable[Connection]) -> list[Connection]:
        """Return connections in the order in which they make room for others' bytes.

        First those that take nothing, the longest first; then the oldest.
        """
        now = asyncio.get_running_loop().time()

        def key(each: Connection) -> tuple[bool, float]:
            each.measure(now)
            is_taking = now - each.taken_at < 2.0 * _LOOK_EVERY_S
            return (is_taking, each.since if is_taking else each.taken_at)

        return sorted(of, key=key)

    @property
    def holding(self) -> list[Connection]:
        """Those in whose buffers bytes wait."""
        return [connection for connection, (unsent, _) in self._counted.items() if unsent]

    def _look_at(self, connection: Connection, now: float) -> None:
        if connection.is_gone:
            return
        connection.measure(now)
        if connection.head_since is not None and now - connection.head_since > HEAD_S:
            self.end(connection, "no_head")
        elif now - connection.taken_at > TAKE_S and connection.unsent:
            self.end(connection, "takes_nothing")

    def _make_room_for(self, whose: str) -> bool:
        """End a connection of the client that has the most; return whether there is room now."""
        own = self._places_of(whose)
        payer = self._with_most()
        if self._places_of(payer) <= own:
            payer = whose
        unused = [each for each in self._of[payer] if not each.is_busy]
        if not unused and self._places_of(payer) == 1:  # of each client one
            unused = [each for each in self._counted if not each.is_busy]
        if unused:
            self.end(unused[0], "full")
            return True
        busy = [each for each in self._of[payer] if not each.is_stream]
        if payer == whose or len(busy) <= own + 1:
            return False
        self.end(self.by_patience(busy)[0], "full")
        return True

    def _places_of(self, whose: str) -> int:
        """Return how many connections a client has beside its event streams."""
        return len(self._of.get(whose, ())) - self._streams_of[whose]

    def _with_most(self) -> str:
        return max(self._of, key=self._places_of)

    def _on_change(self, connection: Connection) -> None:
        """Count a connection as it is now."""
        whose = connection.whose
        unsent, was_stream = self._counted.get(connection, (0, False))
        if connection.is_gone:
            self._counted.pop(connection, None)
            _discard(self._of, whose, connection)
            now_unsent, is_stream = 0, False
        elif connection in self._counted:
            now_unsent, is_stream = connection.unsent, connection.is_stream
            self._counted[connection] = (now_unsent, is_stream)
        else:
            return
        self.unsent += now_unsent - unsent
        self.streams += is_stream - was_stream
        self._streams_of[whose] += is_stream - was_stream
        if not self._streams_of[whose]:
            del self._streams_of[whose]
        if connection.is_gone or connection.head_since is None:
            _discard(self._headless, whose, connection)
        else:
            self._headless.setdefault(whose, {})[connection] = None

    def _on_flood(self, connection: Connection) -> None:
        self.end(connection, "sends_too_much")

    def _room(self) -> int:
        """Return for how many connections there are files."""
        if sys.platform == "win32":
            return _PLENTY
        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if limit == resource.RLIM_INFINITY:
            return _PLENTY
        return limit - DESCRIPTORS_KEPT - self._others

    def _note(self, why: str, whose: str) -> None:
        """Count what was ended or refused; log it once in a while, with the client."""
        self.ended[why] += 1
        now = asyncio.get_running_loop().time()
        if now >= self._told_at + _TELL_EVERY_S:
            self._told_at = now
            log.event(_logger, logging.WARNING, "connections_ended", why=why, client=whose)


def _discard(of: dict[str, dict[Connection, None]], whose: str, connection: Connection) -> None:
    mine = of.get(whose)
    if mine is not None:
        mine.pop(connection, None)
        if not mine:
            del of[whose]
