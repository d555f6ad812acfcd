"""The spool's files: segments that only grow, and are deleted whole.

Not for two threads at once. A disk that is full, read-only or gone costs only what it can't hold:
records then wait in memory, within a bound. Records beyond any bound are dropped, oldest first,
and counted. So are those of files that another program has deleted, or that can't be read.
"""

import contextlib
import errno
import os
from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from agent.spool.lock import InUseError, Lock
from agent.spool.records import MAX_NUMBER, MAX_PAYLOAD_BYTES, OVERHEAD_BYTES, Record, encode, scan
from venuewatch.base.files import open_regular

SEGMENT_BYTES = 1_048_576
MEMORY_BYTES = 1_048_576
_PASSING = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN})
"""Errors of this machine and not of a file: it may be read later."""

_SUFFIX = ".spool"
_ACKNOWLEDGED = "acknowledged"
_NEW = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_TRUNC
    | getattr(os, "O_NONBLOCK", 0)  # a pipe of that name fails, and keeps nobody waiting
    | getattr(os, "O_BINARY", 0)
)


class Segment(NamedTuple):
    """One file: the numbers of its first and last record, and its size."""

    path: str
    first: int
    last: int
    size: int


class Spool:
    """Records by number, oldest first, within ``max_bytes`` on disk.

    Attributes:
        dropped: records that were lost to a bound or to damage, since this process began.
        trouble: the disk's last error, None while it is well.
        failures: how often the disk has failed, since this process began.
    """

    def __init__(
        self, folder: str, *, host: str, max_bytes: int, segment_bytes: int = SEGMENT_BYTES
    ) -> None:
        """Find what an earlier process of ``host`` left; a folder of no use is no error.

        Raises:
            InUseError: another process has it.
        """
        self._lock = Lock(folder, host)
        self._max_bytes = max_bytes
        self._segment_bytes = min(segment_bytes, max(OVERHEAD_BYTES, max_bytes // 4))
        self._segments: deque[Segment] = deque()
        self._memory: deque[Record] = deque()
        self._open: int | None = None
        self._written = b""  # the last catalogue in the open segment
        self._is_dirty = False
        self._is_unsaved = False
        self.dropped = 0
        self.trouble: str | None = None
        self.failures = 0
        self.acknowledged = 0
        try:
            self._lock.take()
        except InUseError:
            raise
        except OSError as error:
            self._note(error)
        with self._forgiving():
            self._find()
        self._next = max(self.acknowledged, *(segment.last for segment in self._segments), 0) + 1

    @property
    def pending(self) -> int:
        """How many records wait to be acknowledged."""
        oldest = self._oldest()
        return 0 if oldest is None else self._next - max(oldest, self.acknowledged + 1)

    @property
    def last(self) -> int:
        """The number of the last record that was kept."""
        return self._next - 1

    @property
    def size_bytes(self) -> int:
        """How many bytes the files have."""
        return sum(segment.size for segment in self._segments)

    def append(self, payload: bytes, catalogue: bytes = b"") -> int:
        """Keep a payload, and the catalogue that it cannot be read without; return its number.

        It is safe from a kill at once, and from a power cut after the next ``sync``. What is too
        large to be sent is dropped, and has the number of the record before it.
        """
        if max(len(payload), len(catalogue)) > MAX_PAYLOAD_BYTES:
            self.dropped += 1
            return self._next - 1
        record = Record(self._next, payload, catalogue)
        self._next += 1
        self._memory.append(record)
        self._write_out()
        return record.number

    def read(self, after: int, *, max_bytes: int) -> list[Record]:
        """Return the oldest records above ``after``, as many as fit into ``max_bytes``.

        At least one, if there is any. Each catalogue counts once, and that of the first not at all.
        """
        found: list[Record] = []
        catalogues = {b""}
        size = 0
        for record in self._above(max(after, self.acknowledged)):
            size += len(record.payload)
            if record.catalogue not in catalogues:
                catalogues.add(record.catalogue)
                size += len(record.catalogue) if found else 0
            if found and size > max_bytes:
                break
            found.append(record)
        return found

    def acknowledge(self, number: int) -> None:
        """Forget everything up to ``number``."""
        number = min(number, self._next - 1)
        if number <= self.acknowledged:
            return
        self.acknowledged = number
        self._is_unsaved = True
        while self._memory and self._memory[0].number <= number:
            self._memory.popleft()
        while self._segments and self._segments[0].last <= number:
            self._delete_oldest()

    def sync(self) -> None:
        """Make what was appended and acknowledged safe from a power cut. May take long."""
        self._write_out()
        with self._forgiving():
            if self._is_dirty and self._open is not None:
                os.fsync(self._open)
                self._is_dirty = False
        with self._forgiving():
            if self._is_unsaved:
                self._save_acknowledged()
                self._is_unsaved = False
        if not (self._memory or self._is_dirty or self._is_unsaved):
            self.trouble = None  # nothing is left that the disk has not taken

    def close(self) -> None:
        """Sync and let go of the files."""
        self.sync()
        self._close_segment()
        self._lock.release()

    def _find(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            number = int(_read(os.path.join(self._lock.folder, _ACKNOWLEDGED)))
            self.acknowledged = number if 0 <= number < MAX_NUMBER else 0
        names = sorted(name for name in os.listdir(self._lock.folder) if name.endswith(_SUFFIX))
        expected = self.acknowledged + 1
        for name in names:
            path = os.path.join(self._lock.folder, name)
            with self._forgiving():
                data = _read(path)
                numbers = [record.number for record in scan(data)]
                if not numbers or numbers[-1] <= self.acknowledged:
                    os.unlink(path)
                    continue
                self._segments.append(Segment(path, numbers[0], numbers[-1], len(data)))
                self.dropped += _missing(numbers, expected)
                expected = max(expected, numbers[-1] + 1)

    def _above(self, number: int) -> Iterator[Record]:
        for segment in list(self._segments):
            if segment.last <= number:
                continue
            data = self._content_of(segment)
            if data is None:
                if segment in self._segments:  # what follows is not ahead of it
                    return
                continue
            for record in scan(data):
                if record.number > number:
                    number = record.number
                    yield record
        for record in list(self._memory):
            if record.number > number:
                yield record

    def _content_of(self, segment: Segment) -> bytes | None:
        """Return the bytes of a file; None where it can't be read now, or is lost and forgotten."""
        try:
            return _read(segment.path)
        except OSError as error:
            self._note(error)
            if error.errno not in _PASSING:
                self._lose(segment)
        return None

    def _lose(self, segment: Segment) -> None:
        """Forget a file, and count what it held as dropped."""
        if segment == self._segments[-1]:
            self._close_segment()
        self._segments.remove(segment)
        self.dropped += max(0, segment.last - max(segment.first, self.acknowledged + 1) + 1)

    def _oldest(self) -> int | None:
        if self._segments:
            return self._segments[0].first
        return self._memory[0].number if self._memory else None

    def _in_memory_bytes(self) -> int:
        """Return what the records in memory hold: many share a catalogue."""
        catalogues = {record.catalogue for record in self._memory}
        return sum(len(record.payload) for record in self._memory) + sum(map(len, catalogues))

    def _write_out(self) -> None:
        """Move what waits in memory to disk, then hold both to their bounds."""
        with self._forgiving():
            while self._memory:
                self._write(self._memory[0])
                self._memory.popleft()
                self.trouble = None
        while self._memory and self._in_memory_bytes() > MEMORY_BYTES:
            self._memory.popleft()
            self.dropped += 1
        while len(self._segments) > 1 and self.size_bytes > self._max_bytes:
            oldest = self._segments[0]
            self.dropped += oldest.last - max(oldest.first, self.acknowledged + 1) + 1
            self._delete_oldest()

    def _write(self, record: Record) -> None:
        if self._open is not None and _is_gone(self._segments[-1].path):
            self._lose(self._segments[-1])
        data = encode(record, after=self._written)
        if self._open is None or self._segments[-1].size + len(data) > self._segment_bytes:
            self._open_segment(record.number)
            data = encode(record)
        segment = self._segments[-1]
        assert self._open is not None  # noqa: S101 - opened above
        if os.write(self._open, data) < len(data):
            os.ftruncate(self._open, segment.size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._is_dirty = True
        self._written = record.catalogue or self._written
        self._segments[-1] = segment._replace(last=record.number, size=segment.size + len(data))

    def _open_segment(self, number: int) -> None:
        self._close_segment()
        self._lock.take()
        path = os.path.join(self._lock.folder, f"{number:016x}{_SUFFIX}")
        self._open = os.open(path, _NEW | os.O_APPEND, 0o600)
        self._segments.append(Segment(path, number, number - 1, 0))
        self._written = b""

    def _close_segment(self) -> None:
        if self._open is not None:
            opened, self._open = self._open, None
            with self._forgiving():
                os.fsync(opened)
            with self._forgiving():
                os.close(opened)
            self._is_dirty = False

    def _delete_oldest(self) -> None:
        if len(self._segments) == 1:
            self._close_segment()
        with self._forgiving():
            os.unlink(self._segments.popleft().path)

    def _save_acknowledged(self) -> None:
        self._lock.take()
        path = os.path.join(self._lock.folder, _ACKNOWLEDGED)
        new = os.open(f"{path}.new", _NEW, 0o600)
        try:
            os.write(new, str(self.acknowledged).encode())
            os.fsync(new)
        finally:
            os.close(new)
        os.replace(f"{path}.new", path)

    @contextlib.contextmanager
    def _forgiving(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._note(error)

    def _note(self, error: OSError) -> None:
        self.trouble = error.strerror or str(error)
        self.failures += 1


def _read(path: str) -> bytes:
    with open(open_regular(path), "rb") as file:
        return file.read()


def _is_gone(path: str) -> bool:
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    return False


def _missing(numbers: Sequence[int], expected: int) -> int:
    """Count the records that are not there, from ``expected`` to the last of ``numbers``."""
    return max(0, numbers[-1] + 1 - expected) - sum(number >= expected for number in numbers)
