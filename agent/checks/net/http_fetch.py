"""Fetches one page over HTTP/1.1, within a deadline and a limit of bytes and redirects."""

import http.client
import io
from typing import Any, NamedTuple

from agent.checks.net.connect import connect
from agent.checks.net.streams import Stream
from agent.checks.net.tls import Trust, dial, expires_at
from agent.checks.net.url import Url, redirected
from agent.checks.reading.asking import CheckFailedError
from agent.checks.reading.times import Deadline
from agent.checks.reading.words import short

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PIECE = 65_536
_MAX_ETAG = 256  # characters
_MAX_OVERHEAD = 262_144  # bytes of head and chunking, beside twice the body


class Request(NamedTuple):
    """A page to ask for. ``fields`` go to the first origin only: they may hold secrets."""

    url: Url
    method: str
    fields: dict[str, str]
    trust: Trust
    max_redirects: int
    max_body_bytes: int


class Page(NamedTuple):
    """The answer. ``is_whole`` is False where the body is longer than wanted.

    ``expires_at``: when the certificate expires (unixtime), of several the first to do so.
    ``etag``: the name that the server gave to this content, "" if none that can be sent back.
    """

    status: int
    body: bytes
    is_whole: bool
    expires_at: float | None
    etag: str = ""


def fetch(request: Request, deadline: Deadline) -> Page:
    """Return the page, following redirects.

    Raises:
        CheckFailedError: it is no HTTP, has no end in sight, or is redirected too far.
        OSError: as :func:`agent.checks.net.tls.dial`.
    """
    url, expiries = request.url, []
    for _ in range(request.max_redirects + 1):
        try:
            page, location = _fetch_one(url, request, deadline)
        except http.client.RemoteDisconnected:
            raise CheckFailedError("the server hung up without an answer") from None
        except http.client.HTTPException as error:
            raise CheckFailedError(f"this is no HTTP: {short(repr(error), 80)}") from None
        expiries += [] if page.expires_at is None else [page.expires_at]
        if location is None:
            return page._replace(expires_at=min(expiries, default=None))
        try:
            url = redirected(url, location)
        except ValueError as error:
            to = f"the redirect to {short(location, 80)!r} is not followed"
            raise CheckFailedError(f"{to}: {error}") from None
    raise CheckFailedError(f"more than {request.max_redirects} redirects")


def _fetch_one(url: Url, request: Request, deadline: Deadline) -> tuple[Page, str | None]:
    """Return one page, and where it redirects to if that is to be followed."""
    with stream_to(url, request.trust, deadline) as stream:
        expires = expires_at(stream)
        fields = request.fields if url.origin == request.url.origin else {}
        stream.sendall(_head(url, request.method, fields))
        wire = _Wire(stream, 2 * request.max_body_bytes + _MAX_OVERHEAD)
        with http.client.HTTPResponse(wire, method=request.method) as response:  # type: ignore[arg-type]
            response.begin()
            location = response.getheader("Location")
            if request.max_redirects and response.status in _REDIRECTS and location:
                return Page(response.status, b"", is_whole=True, expires_at=expires), location
            body = _body(response, request.max_body_bytes + 1)
            is_whole = len(body) <= request.max_body_bytes
            body = body[: request.max_body_bytes]
            return Page(response.status, body, is_whole, expires, _etag(response)), None


def stream_to(url: Url, trust: Trust, deadline: Deadline) -> Stream:
    """Return a connection to the server of an address; raises as :func:`.tls.dial`."""
    if url.scheme == "https":
        return dial(url.host, url.port, url.host, trust, deadline)
    return Stream(connect(url.host, url.port, deadline), deadline)


def _head(url: Url, method: str, fields: dict[str, str]) -> bytes:
    """Return the request; fields of the configuration replace the usual ones."""
    own = {"Host": url.netloc, "User-Agent": "venuewatch", "Accept": "*/*"}
    own |= {"Accept-Encoding": "identity", "Connection": "close"}
    given = {name.lower() for name in fields}
    said = {name: value for name, value in own.items() if name.lower() not in given} | fields
    lines = [f"{method} {url.path} HTTP/1.1", *(f"{name}: {value}" for name, value in said.items())]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("latin-1")


def _etag(response: http.client.HTTPResponse) -> str:
    """Return the header ETag; "" for none, and for one that would not be one line of a head."""
    found = response.getheader("ETag") or ""
    is_fit = found.isascii() and found.isprintable() and len(found) <= _MAX_ETAG
    return found if is_fit else ""


def _body(response: http.client.HTTPResponse, limit: int) -> bytes:
    """Return up to ``limit`` bytes of the body.

    Raises:
        CheckFailedError: it ends before it should, or is malformed.
    """
    body = bytearray()
    try:
        while len(body) < limit and (piece := response.read(min(_PIECE, limit - len(body)))):
            body += piece
    except http.client.IncompleteRead:
        raise CheckFailedError("the body ends too early") from None
    except ValueError:  # a chunk of negative size
        raise CheckFailedError("the body is malformed") from None
    if len(body) < limit and response.length:
        raise CheckFailedError("the body ends too early")
    return bytes(body)


class _Wire(io.RawIOBase):
    """A stream for http.client to read from, up to a limit of bytes."""

    def __init__(self, stream: Stream, limit: int) -> None:
        self._stream = stream
        self._left = limit

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return itself with a buffer: all that http.client wants of a socket."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """Return that it is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read some bytes; raises CheckFailedError when the peer has sent too many."""
        size = self._stream.recv_into(buffer)
        self._left -= size
        if self._left < 0:
            raise CheckFailedError("the answer has more padding than content")
        return size
