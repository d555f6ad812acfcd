"""Acceptor: takes new connections from the listening sockets, one between two turns of the loop.

asyncio's own server accepts before it asks anybody, knows nothing of connections in their TLS
handshake, and reports each second in which no file can be opened. Here each connection is counted
from its first byte, and what fails is logged once while it goes on failing.
"""

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Coroutine, Iterable
from typing import Any

from aiohttp import web

from aggregator.shell.http.connection import Connection
from aggregator.shell.http.connections import HEAD_S, Connections
from venuewatch.base import log
from venuewatch.base.config import in_words

RETRY_S = 0.1
"""How long (s) nothing is accepted after that has failed."""

_CALM_S = 60.0  # without a failure: the next one is logged again
_SHUTDOWN_S = 5.0

_logger = logging.getLogger("aggregator")


class Acceptor:
    """Accepts for one server.

    Attributes:
        tls: what new connections are encrypted with; None is not at all.
        failures: how often no connection could be accepted.
    """

    def __init__(self, connections: Connections, failures: logging.Logger) -> None:
        self.tls: ssl.SSLContext | None = None
        self.failures = 0
        self._connections = connections
        self._failures_log = failures
        self._failed_at = -_CALM_S
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, server: web.Server, sockets: Iterable[socket.socket]) -> None:
        """Accept from now on; must be called within the loop."""
        for listening in sockets:
            listening.settimeout(0)
            self._start(self._accept(server, listening), "accept")
        self._start(self._connections.watch(), "watch connections")

    async def end(self) -> None:
        """Accept no more."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _accept(self, server: web.Server, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                sock, peer = await loop.sock_accept(listening)
            except ConnectionError:  # it has left before we came to it
                continue
            except OSError as error:
                self._note_failure(error, loop.time())
                await asyncio.sleep(RETRY_S)
                continue
            try:
                self._admit(server, sock, peer)
            except Exception as error:  # noqa: BLE001 - a bug with one keeps no other out
                sock.close()
                log.failure(_logger, "connection_not_admitted", error)
            await asyncio.sleep(0)

    def _admit(self, server: web.Server, sock: socket.socket, peer: object) -> None:
        connection = self._connections.admit(server, peer, self._failures_log)
        if connection is None:
            sock.close()
            return
        task = self._start(self._open(connection, sock), "open connection")
        connection.abort_early = task.cancel

    async def _open(self, connection: Connection, sock: socket.socket) -> None:
        """Give a socket to its connection, after the TLS handshake where there is one."""
        limits = {} if self.tls is None else _LIMITS
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: connection, sock, ssl=self.tls, **limits
            )
        except OSError:  # no handshake, in time or at all, or it has left
            self._connections.forget(connection)
        except asyncio.CancelledError:
            self._connections.forget(connection)
            with contextlib.suppress(OSError):
                sock.close()
            raise

    def _note_failure(self, error: OSError, now: float) -> None:
        """Make room where no file can be opened for a connection."""
        self.failures += 1
        if now >= self._failed_at + _CALM_S:
            log.event(_logger, logging.WARNING, "idle_connections_closed", why=in_words(error))
        self._failed_at = now
        self._connections.end_idle("descriptors")


_LIMITS = {"ssl_handshake_timeout": HEAD_S, "ssl_shutdown_timeout": _SHUTDOWN_S}
