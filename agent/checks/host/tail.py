"""Follows a file and gives what was appended since the last look, through any rotation.

Between readings the file is held open where the system allows it to be renamed then, so that
lines written before a rotation are not lost. A line ends with a line feed, a carriage return, or
both. The text is UTF-8, UTF-16 or cp1252; it is given as UTF-8.
"""

import codecs
import os
import re
import stat
import sys
from collections.abc import Iterator

from agent.checks.reading.encodings import encoding_of, text_of, without_begun

MAX_LINE = 4_096  # bytes of a line that are given; the rest of it is dropped
_CHUNK_BYTES = 65_536
_HEAD_BYTES = 4_096
_LEAST_BYTES = 4  # with fewer the encoding can't be told
_LINE_END = re.compile(rb"\r\n|\r|\n")
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class Tail:
    """A followed file. It begins at the end of what is there when it is first looked at.

    Attributes:
        skipped_bytes: what was never given: there was more than ``max_bytes``, a line was longer
            than ``MAX_LINE``, or it is no text.
        is_text: whether what was read last, or the start of the file, is text.
        unended_bytes: so much came since the last line end.
    """

    def __init__(self, path: str, *, max_bytes: int) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._fd: int | None = None
        self._file: tuple[int, int] | None = None
        self._offset = 0
        self._rest = b""
        self._is_first = True
        self._is_mid_line = False
        self._budget = 0
        self._encoding = ""
        self._decoder: codecs.IncrementalDecoder | None = None
        self._is_after_return = False
        self.skipped_bytes = self.unended_bytes = 0
        self.is_text = True

    def chunks(self) -> Iterator[list[bytes]]:
        """Give the lines that were appended, some at a time, oldest first.

        Raises:
            OSError: there is no such file, or it can't be read; what was held is given before.
        """
        self._budget = self._max_bytes
        if self._fd is not None:
            yield from self._appended(self._fd)
        try:
            found = os.stat(self._path)  # noqa: PTH116 - the agent spares pathlib's memory
        except FileNotFoundError:
            self._is_first = False  # what comes is new, from its start
            raise
        if not stat.S_ISREG(found.st_mode):
            raise OSError(0, "is no regular file")
        if self._fd is None or self._file != (found.st_dev, found.st_ino):
            yield from self._turn_over(found)
        if sys.platform == "win32" and self._fd is not None:
            os.close(self._fd)  # or else it can't be renamed
            self._fd = None

    def give_up(self, unread_bytes: int) -> None:
        """Pass over what is left, ``unread_bytes`` of what was given included."""
        self.skipped_bytes += unread_bytes
        if self._fd is not None:
            end = os.fstat(self._fd).st_size
            self.skipped_bytes += max(0, end - self._offset)
            self._skip_to(self._fd, end)

    def close(self) -> None:
        """Let the file go."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _turn_over(self, found: os.stat_result) -> Iterator[list[bytes]]:
        """Go on with the file that has the name now: from its start, unless it was known."""
        is_known = self._file == (found.st_dev, found.st_ino)
        fd = os.open(self._path, _FLAGS)
        self.close()
        self._fd = fd
        now = os.fstat(fd)
        self._file = now.st_dev, now.st_ino
        if self._is_first:
            self._is_first = False
            self._tell_encoding(fd)
            self._skip_to(fd, now.st_size)
        elif not is_known:
            if self._rest and not self._is_mid_line:
                yield [_utf8(self._rest)]
            self._begin_anew()
        yield from self._appended(fd)

    def _appended(self, fd: int) -> Iterator[list[bytes]]:
        size = os.fstat(fd).st_size
        if size < self._offset:  # truncated, and begun anew
            self._begin_anew()
        if not self._encoding:
            self._tell_encoding(fd)
        if size < _LEAST_BYTES:
            return
        if (beyond := size - self._offset - self._budget) > 0:
            self.skipped_bytes += beyond
            self._skip_to(fd, self._offset + beyond)
        while self._offset < size:
            os.lseek(fd, self._offset, os.SEEK_SET)
            chunk = os.read(fd, min(_CHUNK_BYTES, size - self._offset))
            if not chunk:
                break
            self._offset += len(chunk)
            self._budget -= len(chunk)
            yield self._lines(chunk)

    def _begin_anew(self) -> None:
        self._offset, self._rest, self._is_mid_line = 0, b"", False
        self._encoding, self._decoder, self._is_after_return = "", None, False
        self.unended_bytes, self.is_text = 0, True

    def _tell_encoding(self, fd: int) -> None:
        """Tell the encoding by the start of the file, once there is enough of it."""
        os.lseek(fd, 0, os.SEEK_SET)
        head = os.read(fd, _HEAD_BYTES)
        if len(head) < _LEAST_BYTES:
            return
        found = encoding_of(head)
        self.is_text, self._encoding = bool(found), found or "utf-8"
        if self._encoding != "utf-8":
            self._decoder = codecs.getincrementaldecoder(self._encoding)("replace")
            self._offset &= ~1

    def _skip_to(self, fd: int, offset: int) -> None:
        """Go on at ``offset``; if that is inside a line, with the next line."""
        width = 1
        if self._decoder is not None:
            self._decoder.reset()
            width, offset = 2, offset & ~1
        self._offset, self._rest, self.unended_bytes = offset, b"", 0
        os.lseek(fd, max(0, offset - width), os.SEEK_SET)
        last = os.read(fd, width).strip(b"\0")
        self._is_after_return = offset > 0 and last == b"\r"
        self._is_mid_line = offset > 0 and last not in (b"\r", b"\n")

    def _lines(self, chunk: bytes) -> list[bytes]:
        """Return the lines that end in a chunk; none of one that is no text."""
        size = len(chunk)
        if self._decoder is not None:
            chunk = self._decoder.decode(chunk).removeprefix("\ufeff").encode(errors="replace")
        elif encoding_of(chunk) != "utf-8":
            self.is_text, self._rest, self._is_mid_line = False, b"", True
            self.skipped_bytes += size
            return []
        self.is_text = True
        if self._is_after_return and chunk.startswith(b"\n"):
            chunk = chunk[1:]
        self._is_after_return = chunk.endswith(b"\r")
        lines = _LINE_END.split(self._rest + chunk)
        self.skipped_bytes += sum(len(line) - MAX_LINE for line in lines if len(line) > MAX_LINE)
        self._rest = lines.pop()[:MAX_LINE]
        self.unended_bytes = 0 if lines else self.unended_bytes + size
        if self._is_mid_line and lines:
            del lines[0]
            self._is_mid_line = False
        return [_utf8(line[:MAX_LINE]) for line in lines]


def _utf8(line: bytes) -> bytes:
    """Return a line in UTF-8, whatever it was written in."""
    if line.isascii():
        return line
    if len(line) == MAX_LINE:
        line = without_begun(line)
    return text_of(line, "utf-8").encode()
