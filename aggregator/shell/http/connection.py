"""Connection: one client's, with what is known of it that its bounds need.

aiohttp reads the requests and writes the answers. Here it is noted since when a request head is
incomplete, whether a request is being answered, how many bytes wait to be taken, and when the
client took some last. Times are those of the event loop (s).
"""

import asyncio
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

from aiohttp import hdrs, web

IDLE_S: Final = 75.0
"""How long (s) a connection may stay open between two requests: longer than Prometheus scrapes."""

LINGER_S: Final = 10.0
"""How long (s) the rest of a request is read after its answer."""

WRITE_HIGH: Final = 16 * 1024
"""How many bytes may wait in a connection's buffer before its answer is held back."""

RECEIVED_MAX: Final = 32 * 1024
"""How many bytes a client may send until its request is answered: more than any head of ours."""

NOSNIFF: Final = {"X-Content-Type-Options": "nosniff"}
_BAD: Final = "expected a request of HTTP/1.1\n"


class Connection(web.RequestHandler):
    """A client's connection, from when it was accepted.

    Attributes:
        whose: as whom its client counts.
        since: when it was accepted.
        head_since: since when a request head is awaited that is not whole; None while none is.
        is_busy: whether a request is being answered.
        is_stream: whether the answer is an event stream.
        taken_at: when its client last took something, or had nothing to take.
        unsent: how many bytes waited to be taken when that was last looked at.
    """

    __slots__ = (
        "_has_more",
        "_on_change",
        "_on_flood",
        "_received",
        "_wires",
        "abort_early",
        "head_since",
        "is_busy",
        "is_gone",
        "is_stream",
        "since",
        "taken_at",
        "unsent",
        "whose",
    )

    def __init__(
        self,
        server: web.Server,
        whose: str,
        now: float,
        on_change: Callable[["Connection"], None],
        on_flood: Callable[["Connection"], None],
        logger: logging.Logger,
    ) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=IDLE_S,
            lingering_time=LINGER_S,
            logger=logger,
            access_log=None,  # type: ignore[arg-type] # there is none then
        )
        self.whose = whose
        self.since = self.taken_at = now
        self.head_since: float | None = now
        self.is_busy = self.is_stream = self.is_gone = self._has_more = False
        self.unsent = self._received = 0
        self.abort_early: Callable[[], object] = lambda: None
        self._on_change = on_change
        self._on_flood = on_flood
        self._wires: tuple[asyncio.Transport, ...] = ()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, once TLS has been agreed on where there is any."""
        self._wires = _wires_of(transport)
        for wire in self._wires:
            wire.set_write_buffer_limits(high=WRITE_HIGH)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """End."""
        self.is_gone = True
        self._wires = ()
        self.unsent = 0
        self._on_change(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read what the client has sent, unless that is too much to be a request."""
        self._received += len(data)
        if self._received > RECEIVED_MAX:
            if not self.is_gone:
                self._on_flood(self)
            return
        if data and self.is_busy:
            self._has_more = True
        elif data and self.head_since is None:
            self.head_since = self._loop.time()
            self._on_change(self)
        super().data_received(data)

    def pause_writing(self) -> None:
        """Note that the client does not take as fast as we write."""
        super().pause_writing()
        self.measure(self._loop.time())

    def resume_writing(self) -> None:
        """Note that the client has taken what waited."""
        super().resume_writing()
        self.taken_at = self._loop.time()
        self.measure(self.taken_at)

    def begin_request(self) -> None:
        """Note that a request head is whole, and is being answered."""
        self.is_busy = True
        self.head_since = None
        self.taken_at = self._loop.time()
        self._on_change(self)

    def end_request(self) -> None:
        """Note that a request is answered, but for what its client has not taken."""
        self.is_busy = self.is_stream = False
        self.head_since = self._loop.time() if self._has_more else None
        self._has_more = False
        self._received = 0
        self._on_change(self)

    def begin_stream(self) -> None:
        """Note that the answer is an event stream."""
        self.is_stream = True
        self._on_change(self)

    def measure(self, now: float) -> None:
        """Look at how many bytes wait to be taken."""
        unsent = sum(wire.get_write_buffer_size() for wire in self._wires)
        if unsent == 0 or unsent < self.unsent:
            self.taken_at = now
        if unsent != self.unsent:
            self.unsent = unsent
            self._on_change(self)

    def end(self) -> None:
        """End it now, whatever is still to be sent."""
        if self._wires:
            for wire in self._wires:
                wire.abort()
        else:
            self.abort_early()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is no HTTP in our own words: aiohttp's would repeat it."""
        if status == HTTPStatus.BAD_REQUEST:
            message = _BAD
        response = super().handle_error(request, status, exc, message)
        response.headers.update(NOSNIFF)
        response.headers[hdrs.CONTENT_TYPE] = "text/plain; charset=utf-8"
        return response


def _wires_of(transport: Any) -> tuple[asyncio.Transport, ...]:
    """Return a transport, and that below its TLS: each has a buffer of its own."""
    below = getattr(getattr(transport, "_ssl_protocol", None), "_transport", None)
    return (transport,) if below is None else (transport, below)
