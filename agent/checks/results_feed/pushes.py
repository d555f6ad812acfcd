"""Serves one connection of a results server: its requests, one after the other.

h11 parses HTTP. Each request has one deadline for all of it, so that a slow sender is cut off
however it drips. A body is read through as it comes, unpacked piece by piece, and never held whole.
"""

import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import NamedTuple

import h11

from agent.checks.reading.times import Deadline
from agent.checks.results_feed.bodies import body_limit, parts
from agent.checks.results_feed.door import Desk, Door, HttpError, Push, admit
from agent.checks.results_feed.header import FeedError, OversizedError, Reason

MAX_HEAD_BYTES = 16 * 1024

_PIECE_BYTES = 16 * 1024
_NOT_ALLOWED = 405
_LINGER_S = 2.0
_LINGER_BYTES = 128 * 1024 * 1024
_METHODS = (b"POST", b"PUT")
_PROBING = frozenset({b"GET", b"HEAD", b"OPTIONS"})  # they bring nothing: load balancers use them
_ONCE = frozenset({b"content-length", b"transfer-encoding", b"host", b"content-encoding"})
"""Headers that may not repeat, beside that of the key: a list may (RFC 9110, 5.3)."""

_TAKEN = (
    h11.Response(
        status_code=200,
        headers=[("Content-Length", "0"), ("Content-Type", "text/plain")],
        reason="OK",
    ),
    h11.EndOfMessage(),
)
"""The usual answer, made once: to make it took a fourth of what h11 takes for a push."""


class Line(NamedTuple):
    """A connection: the addresses of both ends, "" if it has none."""

    sock: socket.socket
    peer: str = ""
    own: str = ""


class Pushes:
    """Serves one connection until its end."""

    def __init__(
        self,
        line: Line,
        door: Door,
        desk: Desk,
        note_waiting: Callable[[bool], None] = lambda _is_waiting: None,
        first: Deadline | None = None,
    ) -> None:
        self._line = line
        self._sock = line.sock
        self._door = door
        self._desk = desk
        self._note_waiting = note_waiting
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD_BYTES)
        self._received = 0
        self._served = 0
        self._is_head = False
        self._first = first or Deadline(door.head_s)

    def serve(self) -> None:
        """Answer requests until the sender hangs up, errs or is too slow.

        Raises:
            OSError: the connection is lost.
        """
        while self._begins():
            deadline, served = Deadline(self._door.request_s), self._served
            try:
                self._serve_one(deadline)
            except FeedError as error:
                self._desk.refuse(error)
                self._turn_away(error, is_let_in=self._served > served)
                return
            except OSError:
                text = "Expected the whole request: the connection was lost"
                self._desk.refuse(HttpError(400, "request", text))
                raise
            self._send(*_TAKEN)
            self._note_waiting(True)  # noqa: FBT003 - its only argument
            if self._http.our_state is not h11.DONE:
                return
            self._http.start_next_cycle()

    def _begins(self) -> bool:
        """Return whether another request begins; one may have come behind the last."""
        if self._http.trailing_data[0]:
            return True
        try:
            self._receive(Deadline(self._door.idle_s) if self._served else self._first)
        except ssl.SSLError as error:  # a sender that does not trust us tells it here (TLS 1.3)
            self._desk.refuse(tls_refusal(error))
            raise
        return self._http.trailing_data[0] != b""

    def _serve_one(self, deadline: Deadline) -> None:
        head_s = min(self._door.head_s, self._door.request_s)
        head = self._head(Deadline(head_s) if self._served else self._first)
        admit(self._door, head, self._line.peer, self._line.own)
        self._served += 1
        self._note_waiting(False)  # noqa: FBT003 - its only argument
        content_type = head.get(b"content-type", b"").decode("latin-1")
        is_gzip = self._check_body(head, body_limit(content_type, self._door.max_bytes))
        if self._http.they_are_waiting_for_100_continue:
            self._send(h11.InformationalResponse(status_code=100, headers=[], reason="Continue"))
        body = self._body(deadline, body_limit(content_type, self._door.max_bytes))
        found = parts(content_type, body, self._door.max_bytes, is_gzip=is_gzip)
        self._desk.take(Push(self._line.peer, content_type, found))
        for _ in body:
            pass

    def _head(self, deadline: Deadline) -> dict[bytes, bytes]:
        """Return the headers of a request that is a push, repeated ones as the list they are."""
        request = self._next_event(deadline)
        if not isinstance(request, h11.Request):
            raise HttpError(400, "request", "Expected a request")
        self._is_head = request.method == b"HEAD"
        if request.method not in _METHODS:
            reason: Reason = "probe" if request.method in _PROBING else "method"
            raise HttpError(_NOT_ALLOWED, reason, "Expected POST or PUT")
        head: dict[bytes, bytes] = {}
        for name, value in request.headers:
            if name in head and (name in _ONCE or name == self._door.key_header.encode()):
                once = f"Expected {name.decode('ascii', 'replace')} once"
                raise HttpError(400, "request", once)
            head[name] = head[name] + b", " + value if name in head else value
        has_length, has_chunks = b"content-length" in head, b"transfer-encoding" in head
        if has_length and has_chunks:
            raise HttpError(400, "request", "Expected either chunks or a length")
        if not has_length and not has_chunks:
            raise HttpError(411, "request", "Expected a body with its length")
        return head

    def _check_body(self, head: dict[bytes, bytes], limit: int) -> bool:
        """Refuse a body that can't be taken, before it is sent; return whether it is gzip."""
        if int(head.get(b"content-length", b"0")) > limit:
            raise OversizedError(f"Expected at most {limit} bytes")
        coding = head.get(b"content-encoding", b"").lower() or b"identity"
        if coding not in (b"identity", b"gzip", b"x-gzip"):
            raise HttpError(415, "encoding", "Expected gzip, or no encoding")
        return coding != b"identity"

    def _body(self, deadline: Deadline, limit: int) -> Iterator[bytes]:
        self._received = 0
        while isinstance(event := self._next_event(deadline), h11.Data):
            yield bytes(event.data)
            if self._received > 2 * limit + MAX_HEAD_BYTES:  # mostly frames
                raise OversizedError(f"Expected at most {limit} bytes")

    def _next_event(self, deadline: Deadline) -> h11.Event:
        """Return what comes next of a request; raises HttpError where it is malformed."""
        try:
            while not isinstance(event := self._http.next_event(), h11.Event):
                self._receive(deadline)
        except h11.RemoteProtocolError as error:
            status = error.error_status_hint
            raise HttpError(status, "request", f"Expected HTTP: {error}") from None
        except TimeoutError:
            raise HttpError(408, "slow", "Expected the request in time") from None
        return event

    def _receive(self, deadline: Deadline) -> None:
        piece = self._recv(deadline)
        self._received += len(piece)
        self._http.receive_data(piece)

    def _recv(self, deadline: Deadline) -> bytes:
        self._sock.settimeout(deadline.left_s())
        return self._sock.recv(_PIECE_BYTES)

    def _answer(self, status: int, text: str, *, is_last: bool = False) -> None:
        body = text.encode("ascii", "replace")
        headers = [("Content-Length", str(len(body))), ("Content-Type", "text/plain")]
        headers += [("Connection", "close")] if is_last else []
        headers += [("Allow", b", ".join(_METHODS).decode())] if status == _NOT_ALLOWED else []
        reason = HTTPStatus(status).phrase
        self._send(
            h11.Response(status_code=status, headers=headers, reason=reason),
            *([] if self._is_head else [h11.Data(data=body)]),
            h11.EndOfMessage(),
        )

    def _send(self, *events: h11.Event) -> None:
        self._sock.sendall(b"".join(self._http.send(event) or b"" for event in events))

    def _turn_away(self, error: FeedError, *, is_let_in: bool) -> None:
        """Answer, and read on until the sender hangs up, or its time is over.

        What is still coming would make the system drop the answer. A sender that was let in gets
        the time of a request for it, and makes room for others meanwhile.
        """
        linger_s = _LINGER_S
        if is_let_in:
            self._note_waiting(True)  # noqa: FBT003 - its only argument
            if error.reason != "slow":
                linger_s = max(self._door.request_s, _LINGER_S)
        deadline = Deadline(linger_s)
        self._sock.settimeout(_LINGER_S)
        with contextlib.suppress(OSError):
            self._answer(_status_of(error), f"{error}\n", is_last=True)
            self._sock.shutdown(socket.SHUT_WR)
            read_bytes = 0
            while read_bytes < _LINGER_BYTES and (piece := self._recv(deadline)):
                read_bytes += len(piece)


def _status_of(error: FeedError) -> int:
    if isinstance(error, HttpError):
        return error.status
    return 413 if isinstance(error, OversizedError) else 400


def tls_refusal(error: ssl.SSLError) -> HttpError:
    """Return why a sender that speaks no TLS, or does not trust us, is refused."""
    what = (error.reason or "another version").lower().replace("_", " ")
    return HttpError(400, "tls", f"Expected TLS: {what}")
