"""One connection of a results server: its requests, one after the other.

Each request has one deadline for all of it, so that a slow sender is cut off however it drips. A
body is read through as it comes, unpacked piece by piece, and never held whole.
"""

import contextlib
import hmac
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

from agent.checks.reading.times import Deadline
from agent.checks.results_feed.http_request import (
    MAX_HEAD_BYTES,
    Body,
    Gunzip,
    Head,
    HttpError,
    parse_head,
)
from agent.checks.results_feed.messages import FeedError, Message, OversizedError, Reader

Hear: TypeAlias = Callable[[Message | FeedError], None]

_PIECE_BYTES = 16 * 1024
_LINGER_S = 2.0
_REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    405: "Method Not Allowed",
    408: "Request Timeout",
    411: "Length Required",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    417: "Expectation Failed",
    431: "Request Header Fields Too Large",
}


class Door(NamedTuple):
    """Who may push what, and where.

    ``key`` None lets everybody in. ``max_bytes`` is the limit of a message, unpacked;
    ``request_s`` that of the time (s) from its first byte to its last, ``idle_s`` before it.
    """

    address: str
    port: int
    max_bytes: int
    key_header: str = "x-api-key"
    key: bytes | None = None
    tls: ssl.SSLContext | None = None
    request_s: float = 15.0  # a results server waits about 5 s for its 200
    idle_s: float = 60.0


class Pushes:
    """Serves one connection until its end."""

    def __init__(
        self, sock: socket.socket, door: Door, hear: Hear, count_refusal: Callable[[], None]
    ) -> None:
        self._sock = sock
        self._door = door
        self._hear = hear
        self._count_refusal = count_refusal
        self._arrived = b""

    def serve(self) -> None:
        """Answer requests until the sender hangs up, errs or is too slow.

        Raises:
            OSError: the connection is lost.
        """
        while self._await_request():
            deadline = Deadline(self._door.request_s)
            try:
                is_persistent = self._serve_one(deadline)
            except HttpError as error:
                self._refuse(error)
                return
            self._answer(200, "", is_last=not is_persistent)
            if not is_persistent:
                return

    def _await_request(self) -> bool:
        """Return whether another request begins."""
        if not self._arrived:
            self._arrived = self._recv(Deadline(self._door.idle_s))
        return bool(self._arrived)

    def _serve_one(self, deadline: Deadline) -> bool:
        """Hear one message; return whether another may follow on this connection."""
        head = self._head(deadline)
        self._check(head)
        if head.headers.get("expect", "").lower() == "100-continue":
            self._sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        try:
            message = self._message(head, deadline)
        except FeedError as error:
            self._hear(error)
            raise HttpError(413 if isinstance(error, OversizedError) else 400, str(error)) from None
        except HttpError as error:
            self._hear(FeedError(str(error)))
            raise
        self._hear(message)
        return head.is_persistent

    def _head(self, deadline: Deadline) -> Head:
        while (end := self._arrived.find(b"\r\n\r\n")) < 0:
            if len(self._arrived) > MAX_HEAD_BYTES:
                raise HttpError(431, f"Expected at most {MAX_HEAD_BYTES} bytes of headers")
            self._arrived += self._more(deadline)
        raw, self._arrived = self._arrived[:end], self._arrived[end + 4 :]
        return parse_head(raw)

    def _check(self, head: Head) -> None:
        """Let in who may push."""
        key = head.headers.get(self._door.key_header, "").encode("latin-1")
        if self._door.key is not None and not hmac.compare_digest(key, self._door.key):
            self._count_refusal()
            raise HttpError(401, f"Expected the key in {self._door.key_header}")
        if head.method not in ("POST", "PUT"):
            raise HttpError(405, "Expected POST or PUT")

    def _message(self, head: Head, deadline: Deadline) -> Message:
        limit = self._door.max_bytes
        if (head.length or 0) > limit:
            raise OversizedError(f"Expected at most {limit} bytes")
        coding = head.headers.get("content-encoding", "identity").lower()
        if coding not in ("identity", "gzip", "x-gzip"):
            raise HttpError(415, "Expected gzip, or no encoding")
        reader = Reader(limit)
        pieces = self._pieces(head.length, deadline)
        if coding == "identity":
            for piece in pieces:
                reader.feed(piece)
            return reader.close()
        gunzip = Gunzip()
        for packed in pieces:
            for piece in gunzip.feed(packed):
                reader.feed(piece)
        if not gunzip.is_done:
            raise HttpError(400, "Expected all of the gzip")
        return reader.close()

    def _pieces(self, length: int | None, deadline: Deadline) -> Iterator[bytes]:
        """Yield the body as it comes; what came behind it is the next request's."""
        body = Body(length)
        arrived, total = self._arrived, 0
        while True:
            yield from body.feed(arrived)
            if body.is_done:
                break
            total += len(arrived)
            if total > 2 * self._door.max_bytes + MAX_HEAD_BYTES:  # chunks may be mostly frame
                raise OversizedError(f"Expected at most {self._door.max_bytes} bytes")
            arrived = self._more(deadline)
        self._arrived = body.rest

    def _more(self, deadline: Deadline) -> bytes:
        try:
            arrived = self._recv(deadline)
        except TimeoutError:
            raise HttpError(408, "Expected the request in time") from None
        if not arrived:
            raise HttpError(400, "Expected the rest of the request")
        return arrived

    def _recv(self, deadline: Deadline) -> bytes:
        self._sock.settimeout(deadline.left_s())
        return self._sock.recv(_PIECE_BYTES)

    def _answer(self, status: int, text: str, *, is_last: bool) -> None:
        body = text.encode("ascii", "replace")
        lines = [
            f"HTTP/1.1 {status} {_REASONS[status]}",
            f"Content-Length: {len(body)}",
            "Content-Type: text/plain",
            f"Connection: {'close' if is_last else 'keep-alive'}",
        ]
        self._sock.sendall("\r\n".join((*lines, "", "")).encode() + body)

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
