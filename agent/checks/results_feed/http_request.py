"""The little of HTTP/1.1 that a receiver of pushes needs: pure, strict, bounded (RFC 9112).

The standard library's server reads up to 100 header lines of 64 KiB each, has no deadline for a
whole request, and no chunked bodies; a results server sends those.
"""

import re
import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

MAX_HEAD_BYTES = 16 * 1024
_MAX_CHUNK_LINE = 256
_MAX_TRAILERS = 16
_PIECE_BYTES = 64 * 1024
_REQUEST_LINE = re.compile(r"([A-Z]{1,16}) (\S{1,4096}) HTTP/1\.([01])")
_HEADER_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*")
_SIZE = re.compile(r"([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?")
_GZIP = 16 + zlib.MAX_WBITS


class HttpError(Exception):
    """A request that gets no 200; its text is for the sender."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Head(NamedTuple):
    """What comes before a body. Header names are in small letters, each of them once.

    ``length`` is that of the body (bytes), None if it comes in chunks.
    """

    method: str
    headers: dict[str, str]
    length: int | None
    is_persistent: bool


def parse_head(raw: bytes) -> Head:
    """Return the head whose lines are ``raw``, without the empty one behind it.

    Raises:
        HttpError: it is none, or not clear about its body.
    """
    first, *lines = raw.decode("latin-1").split("\r\n")
    request = _REQUEST_LINE.fullmatch(first)
    if request is None:
        raise HttpError(400, "Expected an HTTP/1.1 request")
    headers: dict[str, str] = {}
    for line in lines:
        header = _HEADER_LINE.fullmatch(line)
        if header is None or header[1].lower() in headers:
            raise HttpError(400, "Expected each header once, as name: value")
        headers[header[1].lower()] = header[2]
    is_persistent = request[3] == "1" and headers.get("connection", "").lower() != "close"
    return Head(request[1], headers, _length(headers), is_persistent)


def _length(headers: dict[str, str]) -> int | None:
    coding, length = headers.get("transfer-encoding"), headers.get("content-length")
    if coding is not None:
        if coding.lower() != "chunked" or length is not None:
            raise HttpError(400, "Expected either chunks or a length")
        return None
    if length is None:
        raise HttpError(411, "Expected a body with its length")
    if not (length.isascii() and length.isdigit() and len(length) <= 12):  # noqa: PLR2004
        raise HttpError(400, "Expected a length in bytes")
    return int(length)


class Body:
    """Takes a body out of what arrives; ``is_done`` once it is complete."""

    def __init__(self, length: int | None) -> None:
        self._left = length or 0
        self._take_line: Callable[[str], None] | None = self._take_size if length is None else None
        self._buffer = b""
        self._at = 0
        self._trailers = 0
        self.is_done = length == 0

    def feed(self, arrived: bytes) -> Iterator[bytes]:
        """Yield the pieces of the body in what has ``arrived``; run it to its end.

        Raises:
            HttpError: the chunks are none.
        """
        self._buffer, self._at = self.rest + arrived, 0
        while self._at < len(self._buffer) and not self.is_done:
            if self._left:
                piece = self._buffer[self._at : self._at + self._left]
                self._at += len(piece)
                self._left -= len(piece)
                self.is_done = self._take_line is None and not self._left
                yield piece
                continue
            line = self._line()
            if line is None or self._take_line is None:
                return
            self._take_line(line)

    @property
    def rest(self) -> bytes:
        """What came behind it, or is not yet enough."""
        return self._buffer[self._at :]

    def _line(self) -> str | None:
        """Return the next line around the chunks; None if it has not come yet."""
        end = self._buffer.find(b"\r\n", self._at)
        if (end if end >= 0 else len(self._buffer)) - self._at > _MAX_CHUNK_LINE:
            raise HttpError(400, "Expected short lines around the chunks")
        if end < 0:
            return None
        line = self._buffer[self._at : end].decode("latin-1")
        self._at = end + 2
        return line

    def _take_size(self, line: str) -> None:
        size = _SIZE.fullmatch(line)
        if size is None:
            raise HttpError(400, "Expected the size of a chunk")
        self._left = int(size[1], 16)
        self._take_line = self._take_end if self._left else self._take_trailer

    def _take_end(self, line: str) -> None:
        if line:
            raise HttpError(400, "Expected the end of a chunk")
        self._take_line = self._take_size

    def _take_trailer(self, line: str) -> None:
        self._trailers += 1
        if self._trailers > _MAX_TRAILERS:
            raise HttpError(400, "Expected fewer trailers")
        self.is_done = not line


class Gunzip:
    """Undoes gzip, a bounded piece at a time, however much it blows up."""

    def __init__(self) -> None:
        self._engine = zlib.decompressobj(_GZIP)

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Yield what ``piece`` holds, at most 64 KiB at a time.

        Raises:
            HttpError: it is not gzip, or something follows it.
        """
        while True:
            try:
                plain = self._engine.decompress(piece, _PIECE_BYTES)
            except zlib.error:
                raise HttpError(400, "Expected gzip") from None
            yield plain
            piece = self._engine.unconsumed_tail
            if not piece and len(plain) < _PIECE_BYTES:
                break
        if self._engine.unused_data:
            raise HttpError(400, "Expected nothing behind the gzip")

    @property
    def is_done(self) -> bool:
        """Whether all of it has come."""
        return self._engine.eof
