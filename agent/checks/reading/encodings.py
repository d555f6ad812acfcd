"""Encodings of a text that others wrote: told by its first bytes, and read without a failure.

Programs on Windows write UTF-16 with a byte order mark or without, and cp1252 where they mean
UTF-8. Without a mark, UTF-16 is told by its zero bytes: a text of a results system has ASCII in it.
"""

import codecs
import re
from typing import Final

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LOOKED_AT: Final = 4_096  # bytes; enough to tell ASCII in UTF-16 from bytes of a machine
_HOLE: Final = re.compile(rb"(?:\0\0){2,}")  # what a log has where it was truncated while written
_BEGUN: Final = re.compile(
    rb"(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})\Z"
)
_CONTROLS: Final = bytes({*range(32)} - set(b"\t\n\v\f\r\b\x1b"))  # a terminal's colours are text
_CONTROLS_MAX: Final = 0.05  # of the bytes; of a compressed file a tenth are
_SHARE: Final = 0.25  # of the high bytes are zero in UTF-16: digits, blanks, line ends and tags
_STRAY: Final = 0.02  # of the low bytes may be zero


def marked(data: bytes) -> tuple[str, int]:
    """Return the encoding that a byte order mark at the start names, and its length; "" and 0."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding, len(mark)
    return "", 0


def encoding_of(data: bytes) -> str:
    """Return `utf-8`, `utf-16-le` or `utf-16-be`; "" where the bytes are no text of these.

    Bytes with few control characters are `utf-8`; what is not, :func:`text_of` reads as cp1252.
    ``data`` begins with a character.
    """
    if data.startswith(codecs.BOM_UTF32_LE):
        return ""
    encoding, _ = marked(data)
    if encoding:
        return encoding
    data = _HOLE.sub(b"", data[:_LOOKED_AT])
    controls = len(data) - len(data.translate(None, _CONTROLS))
    if controls <= _CONTROLS_MAX * len(data):
        return "utf-8"
    high, low = data[1::2].count(0), data[::2].count(0)
    half = len(data) // 2
    if high >= _SHARE * half and low <= _STRAY * half:
        return "utf-16-le"
    if low >= _SHARE * half and high <= _STRAY * half:
        return "utf-16-be"
    return ""


def text_of(data: bytes, encoding: str) -> str:
    """Return the text, without a byte order mark: never fails.

    What is no UTF-8 is read as cp1252; what is nothing there either becomes U+FFFD.
    """
    named, size = marked(data)
    if named == encoding:
        data = data[size:]
    if encoding == "utf-8":
        try:
            return data.decode()
        except UnicodeDecodeError:
            return data.decode("cp1252", "replace")
    return data.decode(encoding, "replace")


def without_begun(data: bytes) -> bytes:
    """Return bytes that were cut, without the UTF-8 character that they end inside of."""
    return data[:-4] + _BEGUN.sub(b"", data[-4:])


def text_in(data: bytes) -> str | None:
    """Return the text of a whole body; None where the bytes are none.

    A program in C may send its whole buffer, and old ones end a text with Ctrl-Z: neither counts.
    """
    data = data.rstrip(b"\0\x1a")
    encoding = encoding_of(data)
    if encoding == "utf-16-le":
        data += b"\0" * (len(data) % 2)
    return text_of(data, encoding) if encoding else None
