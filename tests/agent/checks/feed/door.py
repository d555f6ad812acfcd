"""A receiver of pushes with who sends to it, for tests of its door."""

import contextlib
import http.client
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import cast

from agent.checks.results_feed.documents import messages_of
from agent.checks.results_feed.door import Desk, Door, Push
from agent.checks.results_feed.header import FeedError, Message
from agent.checks.results_feed.pushes import Line, Pushes
from agent.checks.results_feed.receiver import Receiver
from venuewatch.base import clock

PATIENCE_S = 10.0
MAX_BYTES = 100_000
KEY = b"s3cret"
POST = b"POST / HTTP/1.1\r\nHost: a\r\n"
BODY = b'<Body DocumentType="DT_KA" Source="HALL1"/>'


class Hall:
    def __init__(self, door: Door) -> None:
        self.heard: list[Message | FeedError] = []
        self.receiver = Receiver(door, desk(self.heard, door.max_bytes))

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.receiver.port, timeout=PATIENCE_S)

    def push(
        self,
        body: bytes | Iterator[bytes] = BODY,
        encoding: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> int:
        named = dict(headers or {})
        if encoding:
            named["Content-Encoding"] = encoding
        connection = self.connect()
        try:
            connection.request("POST", "/odf?x=1", body, named)
            return connection.getresponse().status
        finally:
            connection.close()

    def says(self, raw: bytes) -> bytes:
        """Send bytes, and return all that is answered until it hangs up."""
        with socket.create_connection(("127.0.0.1", self.receiver.port), PATIENCE_S) as sock:
            sock.sendall(raw)
            with contextlib.suppress(OSError):  # it has hung up on us already
                sock.shutdown(socket.SHUT_WR)
            try:
                return b"".join(iter(lambda: sock.recv(65_536), b""))
            except ConnectionResetError:
                return b""

    def types(self) -> list[str]:
        return [type(it).__name__ for it in self.heard]

    def reasons(self) -> list[str]:
        return [it.reason for it in self.heard if isinstance(it, FeedError)]


def desk(heard: list[Message | FeedError], max_bytes: int = MAX_BYTES) -> Desk:
    """Return a desk that keeps what it takes and refuses, in one list."""

    def take(push: Push) -> None:
        heard.extend(messages_of(push, max_bytes))

    return Desk(take, heard.append)


class Piecemeal:
    """A connection whose sender says all and hangs up; it is read in pieces."""

    def __init__(self, said: bytes, at_a_time: int) -> None:
        self.answered = b""
        self._said = said
        self._at = 0
        self._most = at_a_time

    def recv(self, size: int) -> bytes:
        piece = self._said[self._at : self._at + min(size, self._most)]
        self._at += len(piece)
        return piece

    def sendall(self, data: bytes) -> None:
        self.answered += data

    def settimeout(self, _timeout_s: float) -> None: ...

    def shutdown(self, _how: int) -> None: ...


OPEN = Door("", 0, MAX_BYTES)


def served(
    raw: bytes, *, at_a_time: int = 16_384, door: Door = OPEN, peer: str = "", own: str = ""
) -> tuple[bytes, list[Message | FeedError]]:
    """Have a whole connection served; return what was answered and what was heard."""
    heard: list[Message | FeedError] = []
    sender = Piecemeal(raw, at_a_time)
    line = Line(cast("socket.socket", sender), peer, own)
    Pushes(line, door, desk(heard, door.max_bytes)).serve()
    return sender.answered, heard


def drip_until_cut_off(sock: socket.socket) -> int:
    sock.settimeout(0.01)
    drips = 0
    while True:
        try:
            sock.send(b" ")
            drips += 1
            if sock.recv(65_536):
                return drips
        except TimeoutError:
            continue
        except OSError:
            return drips


def until_status(hall: Hall, status: int) -> bool:
    """Push until it is answered with this status; who is turned away may see a reset instead."""
    for _ in range(10_000):
        try:
            if hall.push() == status:
                return True
        except OSError:
            continue
    return False


def until(is_so: Callable[[], bool]) -> bool:
    """Wait until it is so."""
    end = clock.monotonic() + PATIENCE_S
    while not is_so() and clock.monotonic() < end:
        threading.Event().wait(0.005)
    return is_so()
