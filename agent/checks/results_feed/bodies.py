"""Bodies of pushes: takes documents out of forms, and unpacks them, piece by piece.

A body that is called a form, and is none by its first bytes, is a document as it is: many programs
call all that they send a form. What is in a form's fields is told by the fields' contents, not by
their names or types. Nothing is held whole, however large, packed or hostile it is: names and heads
are bounded, fields are counted, and all fields of a body together may be as large as one document.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from agent.checks.results_feed.header import FeedError, OversizedError
from agent.checks.results_feed.packing import peeked, unpacked

MAX_PARTS = 256
_MAX_NAME = 128
_MAX_PART_HEAD_BYTES = 8 * 1024
_MAX_FRAME_BYTES = 64 * 1024  # of the heads and boundaries of all parts
_MAX_BLANKS = 1024
_ESCAPED = 3  # bytes of one that is written as %3C

_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/"
_DOCUMENTS = (b"<", b"{", b"[", b"\xef\xbb\xbf", b"\xfe\xff", b"\xff\xfe", b"\0<")
"""How XML and JSON begin; a form has all of these bytes escaped."""

_BOUNDARY = re.compile(r';\s*boundary\s*=\s*(?:"([^"\r\n]{1,70})"|([^\s;,"]{1,70}))', re.IGNORECASE)
_NAME = re.compile(rb'(?i)^content-disposition:.*?;\s*name\s*=\s*(?:"([^"]*)"|([^\s;"]+))')
_ESCAPES = re.compile(rb"(?:%[0-9A-Fa-f]{2})+")


class Part(NamedTuple):
    """One document, or one field of a form: ``name`` is the field's, else "".

    ``content`` is unpacked. It has to be read before the next part is asked for, or it is lost.
    """

    name: str
    content: Iterator[bytes]


def parts(
    content_type: str, body: Iterator[bytes], max_bytes: int, *, is_gzip: bool = False
) -> Iterator[Part]:
    """Yield the documents of a body; at least one.

    ``max_bytes`` is the limit of all of them together, unpacked. The first bytes tell if the body
    is gzip, or a document as it is; one that is neither has to be gzip if ``is_gzip``.

    Raises:
        OversizedError: they are larger; also while a content is read.
        FeedError: it is packed or divided in another way than it says.
    """
    room = _Room(max_bytes)
    is_packed, body = peeked(body)
    if is_packed:
        body = unpacked(body)
    is_document, body = _begun_as_document(body)
    if is_gzip and not is_packed and not is_document:
        body = unpacked(body)
    kind = kind_of(content_type)
    if is_document or not is_form(kind):
        yield Part("", room.taken_by(body))
        return
    body = _Room(body_limit(content_type, max_bytes)).taken_by(body)
    found = 0
    for part in _multipart(content_type, body) if kind.startswith(_MULTIPART) else _fields(body):
        found += 1
        if found > MAX_PARTS:
            raise FeedError(f"Expected at most {MAX_PARTS} fields")
        is_packed, content = peeked(part.content)
        yield Part(part.name, room.taken_by(unpacked(content) if is_packed else content))
        for _ in part.content:
            pass
    if not found:
        yield Part("", iter(()))


def kind_of(content_type: str) -> str:
    """Return a content type without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def is_form(kind: str) -> bool:
    """Tell whether a body of this kind has fields."""
    return kind == _FORM or kind.startswith(_MULTIPART)


def body_limit(content_type: str, max_bytes: int) -> int:
    """Return how large (bytes) a body may be whose documents may have ``max_bytes``."""
    kind = kind_of(content_type)
    if not is_form(kind):
        return max_bytes
    return max_bytes * (_ESCAPED if kind == _FORM else 1) + _MAX_FRAME_BYTES


class _Room:
    """The bytes that may still come."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._taken = 0

    def taken_by(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self._taken += len(piece)
            if self._taken > self._max_bytes:
                raise OversizedError(f"Expected at most {self._max_bytes} bytes")
            yield piece


class _Scanner:
    """A stream that is read up to marks."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._held = b""
        self.is_at_end = False

    def until(self, mark: bytes) -> Iterator[bytes]:
        """Yield what stands before the next ``mark``, or the end; the mark itself is skipped."""
        while (at := self._held.find(mark)) < 0:
            ready = len(self._held) - len(mark) + 1
            if ready > 0:
                piece, self._held = self._held[:ready], self._held[ready:]
                yield piece
            more = next(self._pieces, None)
            if more is None:
                self.is_at_end = True
                piece, self._held = self._held, b""
                yield piece
                return
            self._held += more
        piece, self._held = self._held[:at], self._held[at + len(mark) :]
        yield piece

    def line(self) -> bytes:
        """Return one line of the head of a part, without its end."""
        line = b""
        for piece in self.until(b"\n"):
            line += piece
            if len(line) > _MAX_PART_HEAD_BYTES:
                raise FeedError(f"Expected no head of a field over {_MAX_PART_HEAD_BYTES} bytes")
        return line.removesuffix(b"\r")


def _begun_as_document(pieces: Iterator[bytes]) -> tuple[bool, Iterator[bytes]]:
    """Return whether a body begins as XML or JSON do, blanks aside, and the whole of it."""
    begin = b""
    for piece in pieces:
        begin += piece
        if len(begin.lstrip()) >= max(map(len, _DOCUMENTS)) or len(begin) > _MAX_BLANKS:
            break
    return begin.lstrip().startswith(_DOCUMENTS), chain([begin], pieces)


def _fields(body: Iterator[bytes]) -> Iterator[Part]:
    """Yield the fields of a form: ``name=value&name=value``, with bytes escaped."""
    scanner = _Scanner(body)
    while not scanner.is_at_end:
        begin, pieces = b"", scanner.until(b"&")
        for piece in pieces:
            begin += piece
            if b"=" in begin or len(begin) > _ESCAPED * _MAX_NAME:
                break
        name, is_named, value = begin.partition(b"=")
        if not is_named:
            name, value = b"", begin
        content = _unescaped(chain([value], pieces))
        yield Part(_text(b"".join(_unescaped(iter([name])))), content)


def _unescaped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        escaped = rest + piece
        at = escaped.rfind(b"%", max(len(escaped) - 2, 0))
        rest = escaped[at:] if at >= 0 else b""
        whole = escaped[: len(escaped) - len(rest)].replace(b"+", b" ")
        yield _ESCAPES.sub(lambda run: bytes.fromhex(run[0].replace(b"%", b"").decode()), whole)
    yield rest


def _multipart(content_type: str, body: Iterator[bytes]) -> Iterator[Part]:
    """Yield the parts between boundaries (RFC 2046, 5.1.1); lines may end with a line feed only."""
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise FeedError("Expected a boundary of at most 70 characters in Content-Type")
    mark = b"\n--" + (found[1] or found[2]).rstrip().encode("latin-1", "replace")
    scanner = _Scanner(chain([b"\n"], body))
    for _preamble in scanner.until(mark):
        pass
    if scanner.is_at_end:
        raise FeedError("Expected the boundary that Content-Type names")
    while not scanner.is_at_end:
        behind = scanner.line().strip()
        if behind.startswith(b"--"):
            return
        if behind:
            raise FeedError("Expected a line end behind each boundary")
        yield Part(_part_name(scanner), _without_last_return(scanner.until(mark)))


def _part_name(scanner: _Scanner) -> str:
    """Read the head of a part, and return the name of its field."""
    name, size_bytes = b"", 0
    while line := scanner.line():
        size_bytes += len(line)
        if size_bytes > _MAX_PART_HEAD_BYTES:
            raise FeedError(f"Expected no head of a field over {_MAX_PART_HEAD_BYTES} bytes")
        found = _NAME.search(line)
        name = (found[1] or found[2] or b"") if found else name
    return _text(name)


def _without_last_return(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Leave out the carriage return of the line end that belongs to the boundary."""
    held = b""
    for piece in pieces:
        if piece:
            yield held
            held = b"\r" if piece.endswith(b"\r") else b""
            yield piece.removesuffix(b"\r")


def _text(name: bytes) -> str:
    return name.decode("utf-8", "replace")[:_MAX_NAME]
