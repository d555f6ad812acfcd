"""Follows a file and gives what was appended since the last look, through any rotation.

Between readings the file is held open where the system allows it to be renamed then, so that
lines written before a rotation are not lost. A line is bytes up to a line feed.
"""

import os
import stat
import sys
from collections.abc import Iterator

MAX_LINE = 4_096  # bytes of a line that are given; the rest of it is dropped
_CHUNK_BYTES = 65_536
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class Tail:
    """A followed file. It begins at the end of what is there when it is first looked at.

    ``skipped_bytes`` counts what was never given, because there was more than ``max_bytes``.
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
        self.skipped_bytes = 0

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
            self._skip_to(fd, now.st_size)
        elif not is_known:
            if self._rest and not self._is_mid_line:
                yield [self._rest]
            self._offset, self._rest, self._is_mid_line = 0, b"", False
        yield from self._appended(fd)

    def _appended(self, fd: int) -> Iterator[list[bytes]]:
        size = os.fstat(fd).st_size
        if size < self._offset:  # truncated, and begun anew
            self._offset, self._rest, self._is_mid_line = 0, b"", False
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

    def _skip_to(self, fd: int, offset: int) -> None:
        """Go on at ``offset``; if that is inside a line, with the next line."""
        self._offset, self._rest = offset, b""
        os.lseek(fd, max(0, offset - 1), os.SEEK_SET)
        self._is_mid_line = offset > 0 and os.read(fd, 1) != b"\n"

    def _lines(self, chunk: bytes) -> list[bytes]:
        lines = (self._rest + chunk).split(b"\n")
        self._rest = lines.pop()[:MAX_LINE]
        if self._is_mid_line and lines:
            del lines[0]
            self._is_mid_line = False
        return [line[:MAX_LINE] for line in lines]
