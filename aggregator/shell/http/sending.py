"""Sending: a body goes to a client in pieces, and is in memory once for all who get the same.

1. A handler returns its whole answer. Once it is made, nothing that it needed is held any more; a
   large body is then sent from here, for as long as the client takes it.
2. What waits to be sent is ``UNSENT_MAX`` at most in all: bodies, each once, and what connections
   hold in their buffers. Where it would be more, clients make room: first those that take nothing,
   then the oldest. One body that is larger by itself is sent alone.
3. A client that leaves costs nothing more. One that takes nothing is given up by
   ``connections.py``; one that takes longer than ``SEND_LIMIT_S`` for a body, here.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import TypeAlias

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from aggregator.shell.http.connection import Connection
from aggregator.shell.http.connections import Connections

SEND_LIMIT_S = 60.0
"""How long a client may take to receive a body: as Prometheus' longest sensible interval."""

UNSENT_MAX = 64 * 1024 * 1024
"""How many bytes may wait to be sent in all."""

SMALL = 16 * 1024
"""An answer of up to so many bytes is left to aiohttp, which sends it at once."""

PIECE = 72 * 1024  # more than aiohttp writes before it waits for the client

Body: TypeAlias = bytes | bytearray


class Sending:
    """The bodies that are being sent.

    Attributes:
        kept: returns the bodies that are kept for those who ask next.
    """

    def __init__(self, connections: Connections) -> None:
        self.kept: Callable[[], Iterable[Body]] = tuple
        self._connections = connections
        self._held: dict[Connection, Body] = {}

    @property
    def unsent(self) -> int:
        """How many bytes wait to be sent: bodies, each once, and in the connections' buffers."""
        bodies = {id(body): len(body) for body in (*self._held.values(), *self.kept())}
        return sum(bodies.values()) + self._connections.unsent

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Send a large answer in pieces."""
        answer = await handler(request)
        if not isinstance(answer, web.Response) or answer.prepared:
            return answer
        body = answer.body
        if not isinstance(body, bytes | bytearray) or request.method == hdrs.METH_HEAD:
            return answer
        if len(body) <= SMALL:
            return answer
        return await self.send(request, answer, body)

    def make_room_for(self, size: int, spared: Connection | None = None) -> None:
        """Have no more wait than may beside ``size`` bytes that are to come."""
        over = self.unsent + size - UNSENT_MAX
        if over <= 0:
            return
        holding = {*self._held, *self._connections.holding}
        others = [each for each in holding if each is not spared]
        for connection in self._connections.by_patience(others):
            self._held.pop(connection, None)
            self._connections.end(connection, "unsent")
            if self.unsent + size <= UNSENT_MAX:
                return

    async def send(
        self, request: web.Request, answer: web.Response, body: Body
    ) -> web.StreamResponse:
        """Send an answer with a body, for as long as the client reads it.

        Between two pieces the loop goes on: a thread that renders may keep the interpreter from it
        for 5 ms at each piece.
        """
        connection = request.protocol
        assert isinstance(connection, Connection)  # noqa: S101 - the acceptor makes no other
        response = web.StreamResponse(status=answer.status, headers=answer.headers)
        response.content_length = len(body)
        is_shared = any(body is each for each in (*self._held.values(), *self.kept()))
        self.make_room_for(0 if is_shared else len(body), spared=connection)
        self._held[connection] = body
        try:
            async with asyncio.timeout(SEND_LIMIT_S):
                await response.prepare(request)
                view = memoryview(body)
                pieces = [view[start : start + PIECE] for start in range(0, len(body), PIECE)]
                for piece in pieces[:-1]:
                    await response.write(piece)
                    await asyncio.sleep(0)
                await response.write_eof(bytes(pieces[-1]))  # waits; a short write does not
        except TimeoutError:
            self._connections.end(connection, "takes_nothing")
        except ConnectionError:  # it has left
            connection.end()
        finally:
            self._held.pop(connection, None)
        return response
