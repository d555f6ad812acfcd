"""Requests of a results server, head and body, on one connection of the agent."""

import socket
import zlib
from collections.abc import Sequence
from typing import cast
from urllib.parse import quote_plus

from agent.checks.net.peers import Peers
from agent.checks.results_feed.documents import messages_of
from agent.checks.results_feed.door import Desk, Door
from agent.checks.results_feed.pushes import Line, Pushes
from bench.readers import results_feed

ERRORS = (OSError,)

_STEP = 97
_FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"


class _Socket:
    """Has the bytes of a sender, and then hangs up."""

    def __init__(self, data: bytes) -> None:
        self._rest = data

    def recv(self, size: int) -> bytes:
        piece, self._rest = self._rest[: min(size, _STEP)], self._rest[min(size, _STEP) :]
        return piece

    def sendall(self, _data: bytes) -> None: ...
    def settimeout(self, _seconds: float) -> None: ...
    def shutdown(self, _how: int) -> None: ...


def read(data: bytes) -> None:
    """Serve a connection; with a key if the first byte is odd, with a list of peers if it has 2."""
    key = b"key" if data and data[0] & 1 else None
    peers = Peers(["10.1.0.0/24"]) if data and data[0] & 2 else None
    door = Door("127.0.0.1", 0, max_bytes=65_536, key=key, peers=peers)
    sock = cast("socket.socket", _Socket(data[1:]))
    desk = Desk(lambda push: messages_of(push, door.max_bytes), lambda _error: None)
    Pushes(Line(sock, "10.1.0.7", "10.1.0.20"), door, desk).serve()


def seeds() -> Sequence[bytes]:
    """Return pushes: plain, in chunks, packed, two in a row, one that asks first, and forms."""
    body = results_feed.seeds()[0]
    gzip = zlib.compressobj(wbits=31)
    packed = gzip.compress(body) + gzip.flush()
    plain = _request(body)
    chunked = (
        b"POST / HTTP/1.1\r\nHost: a\r\nX-Api-Key: key\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"5\r\n<Odf \r\n1\r\n>\r\n0\r\n\r\n"
    )
    zipped = _request(packed, b"Content-Encoding: gzip\r\n")
    asking = _request(body, b"Expect: 100-continue\r\n")
    form = _request(b"a=1&odf=" + quote_plus(body).encode(), _FORM)
    inside = b'--x\r\nContent-Disposition: form-data; name="odf"\r\n\r\n%s\r\n--x--\r\n'
    multipart = _request(inside % body, b"Content-Type: multipart/form-data; boundary=x\r\n")
    alone = (plain, chunked, zipped, plain + zipped, asking, form, multipart)
    return [mode + each for mode in (b"\1", b"\2") for each in alone]


def _request(body: bytes, more: bytes = b"") -> bytes:
    head = b"POST /odf HTTP/1.1\r\nHost: a\r\nX-Api-Key: key\r\n" + more
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body
