"""Decodes a message of a results feed: its XML's root is the header, and only that is kept.

XML from a network is hostile. The whole message is read, so that a broken one is noticed, but
nothing in it is built up: no DOCTYPE (so no entities, of any kind), a few encodings, bounded
depth and bounded size of any one tag, comment or attribute.
"""

from collections.abc import Callable
from datetime import date, datetime, time
from typing import NamedTuple, TypeVar
from xml.parsers import expat

T = TypeVar("T")

MAX_DEPTH = 64
MAX_TOKEN_BYTES = 256 * 1024  # one tag, comment or instruction
_MAX_PROLOG_BYTES = 64 * 1024
_MAX_NAMES = 8_192  # of tags and attributes: expat remembers each of them
_MAX_VALUE = 128
_MAX_DIGITS = 12
_HHMMSS = 6
_PIECE_BYTES = 64 * 1024
_PROLOG_PIECE_BYTES = 256  # a handler that refuses is obeyed only at the end of the piece
_ENCODINGS = ("utf-8", "utf8", "utf-16", "us-ascii", "iso-8859-", "windows-125")
_YEARS = range(2000, 2200)
_OTHER_ENCODING = "Expected another encoding: UTF-8 is best"


class FeedError(Exception):
    """A peer sent something that is no message of a feed; the text says what was expected."""


class TruncatedError(FeedError):
    """It ends too early: it may still be on its way."""


class OversizedError(FeedError):
    """It is larger than it may be."""


class Message(NamedTuple):
    """The header of one message; what it does not say is ``""`` or None.

    ``stamp`` is the source's Date and Time: local, without a zone. ``size_bytes`` is the size
    of the whole XML.
    """

    type: str
    competition: str = ""
    code: str = ""
    subcode: str = ""
    subtype: str = ""
    language: str = ""
    source: str = ""
    status: str = ""
    flag: str = ""
    version: int | None = None
    stamp: datetime | None = None
    logical_date: date | None = None
    size_bytes: int = 0

    @property
    def identity(self) -> tuple[str, ...]:
        """The key of a sequence of versions."""
        about = (self.competition, self.code, self.subcode)
        return (*about, self.type, self.subtype, self.language, self.source)


class Reader:
    """Reads one message, given in pieces of any size."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._size_bytes = 0
        self._shape = _Shape()
        self._parser = expat.ParserCreate()
        self._parser.XmlDeclHandler = _check_declaration
        self._parser.StartDoctypeDeclHandler = _refuse_doctype
        self._parser.StartElementHandler = self._shape.start
        self._parser.EndElementHandler = self._shape.end

    def feed(self, piece: bytes) -> None:
        """Read on.

        Raises:
            FeedError: this is no message, whatever follows.
        """
        at = 0
        while at < len(piece):
            step = _PIECE_BYTES if self._shape.header is not None else _PROLOG_PIECE_BYTES
            self._feed(piece[at : at + step])
            at += step

    def close(self) -> Message:
        """Return the message, now that nothing follows.

        Raises:
            TruncatedError: something should.
            FeedError: it is no message.
        """
        try:
            self._parse(b"", is_final=True)
        except FeedError as error:
            raise TruncatedError(f"Expected more: {error}") from None
        return message_of(self._shape.header or {}, self._size_bytes)

    def _feed(self, piece: bytes) -> None:
        self._size_bytes += len(piece)
        if self._size_bytes > self._max_bytes:
            raise OversizedError(f"Expected at most {self._max_bytes} bytes")
        self._parse(piece, is_final=False)
        # Each piece of an unfinished tag makes expat read that tag again from its beginning.
        if self._size_bytes - self._parser.CurrentByteIndex > MAX_TOKEN_BYTES + _PIECE_BYTES:
            raise FeedError(f"Expected no tag or comment over {MAX_TOKEN_BYTES} bytes")
        if len(self._parser.intern) > _MAX_NAMES:
            raise FeedError(f"Expected at most {_MAX_NAMES} names of tags and attributes")
        if self._shape.header is None and self._size_bytes > _MAX_PROLOG_BYTES:
            raise FeedError(f"Expected a root element within {_MAX_PROLOG_BYTES} bytes")

    def _parse(self, piece: bytes, *, is_final: bool) -> None:
        try:
            self._parser.Parse(piece, is_final)
        except expat.ExpatError as error:
            what = f"{expat.errors.messages[error.code]}, line {error.lineno}"
            raise FeedError(f"Expected XML: {what}") from None
        except (LookupError, ValueError):  # Python is asked for an encoding that expat lacks
            raise FeedError(_OTHER_ENCODING) from None


class _Shape:
    """The kept part of a document: its header, and the depth of the element that is read."""

    def __init__(self) -> None:
        self.header: dict[str, str] | None = None
        self._depth = 0

    def start(self, _name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise FeedError(f"Expected at most {MAX_DEPTH} elements inside one another")
        if self.header is None:
            self.header = attributes

    def end(self, _name: str) -> None:
        self._depth -= 1


def _check_declaration(_version: str, encoding: str | None, _standalone: int) -> None:
    if encoding is not None and not encoding.lower().startswith(_ENCODINGS):
        raise FeedError(_OTHER_ENCODING)


def _refuse_doctype(*_declaration: object) -> None:
    raise FeedError("Expected no DOCTYPE")


def read(content: bytes, max_bytes: int) -> Message:
    """Return the message that ``content`` is; raises as :class:`Reader` does."""
    reader = Reader(max_bytes)
    reader.feed(content)
    return reader.close()


def message_of(header: dict[str, str], size_bytes: int) -> Message:
    """Return the message with the attributes ``header``.

    Raises:
        FeedError: it has no DocumentType, or something else is not what its name says.
    """
    text = {field: _text(header, name) for name, field in _FIELDS.items()}
    if not text["type"]:
        raise FeedError("Expected a DocumentType in the root element")
    day, hour = _typed(header, "Date", _date), _typed(header, "Time", _hour)
    return Message(
        **text,
        version=_typed(header, "Version", _number),
        stamp=datetime.combine(day, hour) if day and hour is not None else None,
        logical_date=_typed(header, "LogicalDate", _date),
        size_bytes=size_bytes,
    )


_FIELDS = {
    "DocumentType": "type",
    "CompetitionCode": "competition",
    "DocumentCode": "code",
    "DocumentSubcode": "subcode",
    "DocumentSubtype": "subtype",
    "Language": "language",
    "Source": "source",
    "ResultStatus": "status",
    "FeedFlag": "flag",
}


def _text(header: dict[str, str], name: str) -> str:
    text = header.get(name, "")
    if len(text) > _MAX_VALUE or not text.isprintable():
        raise FeedError(f"Expected {name} to be at most {_MAX_VALUE} printable characters")
    return text


def _typed(header: dict[str, str], name: str, parse: Callable[[str], T]) -> T | None:
    text = _text(header, name)
    if not text:
        return None
    try:
        return parse(text)
    except ValueError:
        raise FeedError(f"Expected another {name} than {text[:32]!r}") from None


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        raise ValueError(text)
    return int(text)


def _date(text: str) -> date:
    found = date.fromisoformat(text)
    if found.year not in _YEARS:
        raise ValueError(text)
    return found


def _hour(text: str) -> time:
    """Parse ``hhmmss`` with any digits of a fraction behind."""
    if not (text.isascii() and text.isdigit() and _HHMMSS <= len(text) <= _MAX_DIGITS):
        raise ValueError(text)
    fraction_us = int(f"{text[6:]:0<6}"[:6])
    return time(int(text[:2]), int(text[2:4]), int(text[4:6]), fraction_us)
