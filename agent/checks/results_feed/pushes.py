"""Serves one connection of a results server: its requests, one after the other.

h11 parses HTTP. Each request has one deadline for all of it, so that a slow sender is cut off
however it drips. A body is read through as it comes, unpacked piece by piece, and never held whole.
"""

import contextlib
import hmac
import socket
import ssl
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import NamedTuple, TypeAlias

import h11

from agent.checks.reading.times import Deadline
from agent.checks.results_feed.header import (
    FeedError,
    Message,
    OversizedError,
    TruncatedError,
    UnauthorizedError,
)
from agent.checks.results_feed.messages import Reader
from agent.checks.results_feed.packing import peeked, unpacked

Hear: TypeAlias = Callable[[Message | FeedError], None]

MAX_HEAD_BYTES = 16 * 1024

_PIECE_BYTES = 16 * 1024
_NOT_ALLOWED = 405
_LINGER_S = 2.0
_METHODS = (b"POST", b"PUT")
_ONCE = frozenset({b"content-length", b"transfer-encoding", b"host", b"content-encoding"})
"""Headers that may not repeat, beside that of the key: a list may (RFC 9110, 5.3)."""

_BY_BROWSER = ("Origin", "Sec-Fetch-Site", "Sec-Fetch-Mode")
_BY_PAGES = frozenset({b"text/plain", b"application/x-www-form-urlencoded"})
"""What a page may send to a stranger without asking (Fetch, 2.2.2), beside multipart."""


class HttpError(Exception):
    """A request that gets no 200; its text is for the sender."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class _ForbiddenError(HttpError):
    """Its sender may not send."""


class Door(NamedTuple):
    """The address and the rules for pushes.

    ``key`` None lets every sender in, but a page in a browser. ``max_bytes`` is the limit of a
    message, unpacked; ``request_s`` that of the time (s) from its first byte to its last,
    ``idle_s`` before it. The head of each request, with the key, has to come within ``head_s``.
    """

    address: str
    port: int
    max_bytes: int
    key_header: str = "x-api-key"
    key: bytes | None = None
    tls: ssl.SSLContext | None = None
    request_s: float = 15.0  # a results server waits about 5 s for its 200
    idle_s: float = 60.0
    head_s: float = 5.0


class Pushes:
    """Serves one connection until its end."""

    def __init__(
        self,
        sock: socket.socket,
        door: Door,
        hear: Hear,
        count_refusal: Callable[[], None],
        note_waiting: Callable[[bool], None] = lambda _is_waiting: None,
        first: Deadline | None = None,
    ) -> None:
        self._sock = sock
        self._door = door
        self._hear = hear
        self._count_refusal = count_refusal
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
        try:
            while self._begins():
                self._serve_one(Deadline(self._door.request_s))
                self._answer(200, "")
                self._note_waiting(True)  # noqa: FBT003 - its only argument
                if self._http.our_state is not h11.DONE:
                    return
                self._http.start_next_cycle()
        except HttpError as error:
            self._refuse(error)

    def _begins(self) -> bool:
        """Return whether another request begins; one may have come behind the last."""
        if self._http.trailing_data[0]:
            return True
        self._receive(Deadline(self._door.idle_s) if self._served else self._first)
        return self._http.trailing_data[0] != b""

    def _serve_one(self, deadline: Deadline) -> None:
        head_s = min(self._door.head_s, self._door.request_s)
        try:
            head = self._head(Deadline(head_s) if self._served else self._first)
            self._check(head)
        except HttpError as error:
            is_stranger = isinstance(error, _ForbiddenError)
            self._hear((UnauthorizedError if is_stranger else FeedError)(str(error)))
            raise
        self._served += 1
        self._note_waiting(False)  # noqa: FBT003 - its only argument
        if self._http.they_are_waiting_for_100_continue:
            self._send(h11.InformationalResponse(status_code=100, headers=[], reason="Continue"))
        try:
            message = self._message(head, deadline)
        except FeedError as error:
            self._hear(error)
            raise HttpError(413 if isinstance(error, OversizedError) else 400, str(error)) from None
        except HttpError as error:
            self._hear(FeedError(str(error)))
            raise
        self._hear(message)

    def _head(self, deadline: Deadline) -> dict[bytes, bytes]:
        """Return the headers of a request that is a push, repeated ones as the list they are."""
        request = self._next_event(deadline)
        if not isinstance(request, h11.Request):
            raise HttpError(400, "Expected a request")
        self._is_head = request.method == b"HEAD"
        if request.method not in _METHODS:
            raise HttpError(405, "Expected POST or PUT")
        head: dict[bytes, bytes] = {}
        for name, value in request.headers:
            if name in head and (name in _ONCE or name == self._door.key_header.encode()):
                raise HttpError(400, f"Expected {name.decode('ascii', 'replace')} once")
            head[name] = head[name] + b", " + value if name in head else value
        has_length, has_chunks = b"content-length" in head, b"transfer-encoding" in head
        if has_length and has_chunks:
            raise HttpError(400, "Expected either chunks or a length")
        if not has_length and not has_chunks:
            raise HttpError(411, "Expected a body with its length")
        return head

    def _check(self, head: dict[bytes, bytes]) -> None:
        """Refuse who has no key; where none is wanted, what a page in a browser can send."""
        if self._door.key is None:
            self._check_not_a_page(head)
            return
        key = head.get(self._door.key_header.encode(), b"")
        if not hmac.compare_digest(key, self._door.key):
            self._count_refusal()
            raise _ForbiddenError(401, f"Expected the key in {self._door.key_header}")

    def _check_not_a_page(self, head: dict[bytes, bytes]) -> None:
        for name in _BY_BROWSER:
            if name.lower().encode() in head:
                self._count_refusal()
                text = f"Expected no {name}, or a key: browsers send it for pages"
                raise _ForbiddenError(403, text)
        listed = head.get(b"content-type", b"").lower().split(b",")
        kinds = {kind.partition(b";")[0].strip() for kind in listed}
        if kinds & _BY_PAGES or any(kind.startswith(b"multipart/") for kind in kinds):
            self._count_refusal()
            text = "Expected another Content-Type, as application/xml, or a key"
            raise _ForbiddenError(415, text)

    def _message(self, head: dict[bytes, bytes], deadline: Deadline) -> Message:
        limit = self._door.max_bytes
        if int(head.get(b"content-length", b"0")) > limit:
            raise OversizedError(f"Expected at most {limit} bytes")
        coding = head.get(b"content-encoding", b"identity").lower()
        if coding not in (b"identity", b"gzip", b"x-gzip"):
            raise HttpError(415, "Expected gzip, or no encoding")
        reader = Reader(limit)
        is_packed, body = peeked(self._body(deadline))
        for piece in unpacked(body) if is_packed or coding != b"identity" else body:
            reader.feed(piece)
        try:
            return reader.close()
        except TruncatedError as error:
            if error.message is None:
                raise
            return error.message

    def _body(self, deadline: Deadline) -> Iterator[bytes]:
        self._received = 0
        while isinstance(event := self._next_event(deadline), h11.Data):
            yield bytes(event.data)
            if self._received > 2 * self._door.max_bytes + MAX_HEAD_BYTES:  # mostly frames
                raise OversizedError(f"Expected at most {self._door.max_bytes} bytes")

    def _next_event(self, deadline: Deadline) -> h11.Event:
        """Return what comes next of a request; raises HttpError where it is malformed."""
        try:
            while not isinstance(event := self._http.next_event(), h11.Event):
                self._receive(deadline)
        except h11.RemoteProtocolError as error:
            raise HttpError(error.error_status_hint, f"Expected HTTP: {error}") from None
        except TimeoutError:
            raise HttpError(408, "Expected the request in time") from None
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

    def _refuse(self, error: HttpError) -> None:
        """Answer, and hang up so that the answer is not lost to what is still coming."""
        deadline = Deadline(_LINGER_S)
        self._sock.settimeout(_LINGER_S)
        with contextlib.suppress(OSError):
            self._answer(error.status, f"{error}\n", is_last=True)
            self._sock.shutdown(socket.SHUT_WR)
            for _ in range(self._door.max_bytes // _PIECE_BYTES + 1):
                if not self._recv(deadline):
                    break
