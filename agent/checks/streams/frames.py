"""Takes a stream of bytes apart into frames: lines, or what ends as the source ends it.

Where the network cut the stream changes nothing. A frame ends at the first of its ends that comes;
what has only blanks is none, so CR, LF and CRLF may be mixed, but life. A frame that is too long is
dropped at once, and counted when it ends: it is life, but no message.
"""

import codecs
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from agent.checks.reading.encodings import marked

LINE_ENDS: Final = ("\r\n", "\r", "\n")
_BLANKS: Final = b" \t\r\n\0"
_BEFORE: Final = b"\r\n\0"  # a blank in front may be a column
_MARKS_BEGUN: Final = (b"", b"\xff", b"\xfe", b"\xef", b"\xef\xbb")
_KNOWN: Final = re.compile(  # by their names in Python; others are no text, or escapes
    r"ascii|utf-(8|16|32)(-[bl]e)?|(cp|iso8859-)[0-9]+|koi8-[rtu]|mac-[a-z]+"
    r"|shift_jis|gb2312|gbk|gb18030|big5|euc_(jp|kr)"
)


class Cut(NamedTuple):
    """What a piece ended: frames, in order, and how many more were too long, or only blanks."""

    frames: Sequence[bytes] = ()
    oversized: int = 0
    blanks: int = 0


def refuse_bad_encoding(encoding: str) -> None:
    """Raise ValueError where the setting is neither "auto" nor an encoding of text."""
    try:
        known = codecs.lookup(encoding).name if encoding != "auto" else "utf-8"
    except (LookupError, ValueError):
        known = ""
    if not _KNOWN.fullmatch(known):
        raise ValueError('Expected `encoding` to be "auto", or one such as "utf-16le" or "cp1252"')


class Frames:
    """Cuts one stream, from its beginning on.

    ``ends``: what ends a frame, at least one, each character a byte. ``encoding``: "auto" takes the
    byte order mark at the beginning, else each frame is UTF-8, or cp1252 where it can't be. What
    comes in another encoding is cut, and given on, as UTF-8.
    """

    def __init__(self, ends: Sequence[str], encoding: str, max_bytes: int) -> None:
        self._ends = ends
        self._max_bytes = max_bytes
        self._codec: codecs.IncrementalDecoder | None = None
        self._is_open = encoding != "auto"  # its encoding is known
        if self._is_open:
            self._codec = codecs.getincrementaldecoder(encoding)("replace")
        self._pattern, self._overlap = self._compile()
        self._begun = bytearray()
        self._is_too_long = False

    def cut(self, piece: bytes) -> Cut:
        """Take in the next bytes of the stream; return what they ended."""
        if not self._is_open:
            piece = self._open(piece)
            if not self._is_open:
                return Cut()
        if self._codec is not None:
            piece = self._codec.decode(piece).encode(errors="replace")
        searched_to = max(0, len(self._begun) - self._overlap)
        self._begun += piece
        frames: list[bytes] = []
        oversized = blanks = begin = 0
        for end in self._pattern.finditer(self._begun, searched_to):
            frame, begin = self._begun[begin : end.start()], end.end()
            if self._is_too_long or len(frame) > self._max_bytes:
                self._is_too_long = False
                oversized += 1
            elif stripped := _stripped(frame):
                frames.append(stripped)
            else:
                blanks += 1
        del self._begun[:begin]
        if len(self._begun) > self._max_bytes + self._overlap:
            self._is_too_long = True
            del self._begun[: len(self._begun) - self._overlap]
        return Cut(frames, oversized, blanks)

    def rest(self) -> bytes:
        """Return the frame that is not ended yet, as the end of the stream ends it."""
        return b"" if self._is_too_long else _stripped(self._begun)

    def _open(self, piece: bytes) -> bytes:
        """Return what came so far once the encoding is known; nothing before."""
        piece = bytes(self._begun) + piece
        if piece in _MARKS_BEGUN:
            self._begun[:] = piece
            return b""
        self._begun.clear()
        self._is_open = True
        encoding, size = marked(piece)
        if encoding.startswith("utf-16"):
            self._codec = codecs.getincrementaldecoder(encoding)("replace")
            self._pattern, self._overlap = self._compile()
        return piece[size:]

    def _compile(self) -> tuple[re.Pattern[bytes], int]:
        """Return a pattern that finds the end that comes first, and one byte less than it has.

        An end that holds another before its own last byte is never reached. Of the others, the one
        that begins first is also over first.
        """
        encoding = "utf-8" if self._codec else "latin-1"
        ends = sorted((end.encode(encoding) for end in self._ends), key=len, reverse=True)
        reached = [end for end in ends if not any(other in end[:-1] for other in ends)]
        return re.compile(b"|".join(map(re.escape, reached))), max(map(len, reached)) - 1


def is_blank(content: bytes) -> bool:
    """Return whether a whole piece has only blanks, also in UTF-16: it is no message."""
    return not content.strip(_BLANKS)


def _stripped(frame: bytearray) -> bytes:
    return bytes(frame).lstrip(_BEFORE).rstrip(_BLANKS)
