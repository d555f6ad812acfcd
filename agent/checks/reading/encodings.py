"""Encodings of a text that others wrote: told by its first bytes, and read without a failure.

Programs on Windows write UTF-16 with a byte order mark or without, and cp1252 where they mean
UTF-8. Without a mark, UTF-16 is told by its zero bytes: a text of a results system has ASCII in it.
"""

import codecs
from typing import Final

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LOOKED_AT: Final = 4_096  # bytes; enough to tell ASCII in UTF-16 from bytes of a machine
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

    Bytes without a zero are `utf-8`: what is not, :func:`text_of` reads as cp1252. ``data`` begins
    with a character.
    """
    encoding, _ = marked(data)
    if encoding:
        return encoding
    head = data[: min(len(data), _LOOKED_AT) & ~1] or data
    even, odd = head[::2], head[1::2]
    zeros_even, zeros_odd = even.count(0), odd.count(0)
    if not zeros_even and not zeros_odd:
        return "utf-8"
    size = max(1, len(odd))
    if zeros_odd >= _SHARE * size and zeros_even <= _STRAY * size:
        return "utf-16-le"
    if zeros_even >= _SHARE * size and zeros_odd <= _STRAY * size:
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
