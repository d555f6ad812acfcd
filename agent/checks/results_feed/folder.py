"""Reads the new messages of a folder that a results system drops them into, in their order.

A file that was read is remembered by one number, and forgotten when the file is gone. A file that
ends too early may be incomplete: it is tried again until it has settled.
"""

import fnmatch
import heapq
import os
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO, NamedTuple

from agent.checks.reading.times import Deadline, Now
from agent.checks.results_feed.header import FeedError, Message, OversizedError, TruncatedError
from agent.checks.results_feed.messages import Reader
from agent.checks.results_feed.packing import peeked, unpacked
from venuewatch.base.files import open_regular

MAX_ENTRIES = 50_000  # of which each costs 80 bytes of memory and some 5 us a reading
_PIECE_BYTES = 64 * 1024
_DAYS = 2  # folders of a day each that are looked into: a session may go on past midnight
_DAY = re.compile(r"\A20\d\d-?[01]\d-?[0-3]\d\Z", re.ASCII)
_EMPTY_END = b"\0" * 4  # of a file that was made as long as it will be, and is still being filled


class Heard(NamedTuple):
    """A message, or why there is none, and when it came."""

    what: Message | FeedError
    at: Now


class FolderTooFullError(Exception):
    """There are more files than can be looked at; the text is the line for people."""


class _File(NamedTuple):
    """A file as it was found; ``key`` is another one as soon as it is changed."""

    changed_ns: int
    name: str
    size: int

    @property
    def key(self) -> int:
        return hash(self)


class Folder:
    """Reads what is new, a bounded number of files at a time, oldest first.

    ``unread`` is how many of them the last look has left for the next. ``files``: a shell pattern
    for names, small and capital letters alike. ``settles_s``: how long a file may stay incomplete.
    """

    def __init__(
        self, path: Path, files: str, *, per_reading: int, max_bytes: int, settles_s: float
    ) -> None:
        self._path = path
        self._files = files.lower()
        self._per_reading = per_reading
        self._max_bytes = max_bytes
        self._settles_s = settles_s
        self._seen: set[int] | None = None
        self._incomplete: dict[int, float] = {}
        self._looked: Now | None = None
        self.unread = 0

    def take(self, now: Now, since_s: float, deadline: Deadline) -> Iterator[Heard]:
        """Yield what is new, until ``deadline``; what is left over comes next time.

        The first time, only the newest files count, and none from before ``since_s`` (unixtime).
        A file came when it was last changed; not before the last look, whatever its time says.

        Raises:
            OSError: the folder cannot be read.
            FolderTooFullError: it has too many files.
        """
        fresh = self._look(since_s)
        new = self.unread
        for tried, file in enumerate(fresh):
            self.unread = new - tried
            if deadline.is_over():
                return
            heard = self._read(file, now)
            if heard is not None:
                if self._seen is not None:
                    self._seen.add(file.key)
                self._incomplete.pop(file.key, None)
                yield heard
        self.unread = new - len(fresh)
        if len(fresh) < self._per_reading:
            self._looked = now

    def _look(self, since_s: float) -> list[_File]:
        """Return the files to read now, oldest first."""
        present: set[int] = set()
        if self._seen is None:
            fresh = heapq.nlargest(self._per_reading, self._present(present))
            fresh = [file for file in reversed(fresh) if file.changed_ns >= since_s * 1e9]
            self._seen = present - {file.key for file in fresh}
            self.unread = len(fresh)
        else:
            seen = self._seen
            new = (file for file in self._present(present) if file.key not in seen)
            fresh = heapq.nsmallest(self._per_reading, new)
            self.unread = len(present - seen)
            seen &= present
        self._incomplete = {key: at for key, at in self._incomplete.items() if key in present}
        return fresh

    def _present(self, present: set[int]) -> Iterator[_File]:
        """Yield all files whose name fits, and add the key of each to ``present``.

        Those of the newest folders that are named by a day count, too.
        """
        days: list[str] = []
        count = 0
        for under in chain([""], _newest(self._path, days)):
            with os.scandir(self._path / under) as entries:
                for entry in entries:
                    count += 1
                    if count > MAX_ENTRIES:
                        raise FolderTooFullError(f"it has over {MAX_ENTRIES} files")
                    file = self._found(entry, under)
                    if file is not None:
                        present.add(file.key)
                        yield file
                    elif not under and _DAY.match(entry.name):
                        days.append(entry.name)

    def _found(self, entry: os.DirEntry[str], under: str) -> _File | None:
        """Return a file whose name fits; None for anything else."""
        if not fnmatch.fnmatchcase(entry.name.lower(), self._files):
            return None
        try:
            if not entry.is_file(follow_symlinks=False):
                return None
            status = entry.stat(follow_symlinks=False)
        except OSError:  # it was taken away meanwhile
            return None
        name = f"{under}/{entry.name}" if under else entry.name
        return _File(status.st_mtime_ns, name, status.st_size)

    def _read(self, file: _File, now: Now) -> Heard | None:
        """Return what is in a file; None as long as it may still be on its way."""
        at = self._came(file, now)
        if file.size > self._max_bytes:
            return Heard(OversizedError(f"Expected at most {self._max_bytes} bytes"), at)
        reader = Reader(self._max_bytes)
        try:
            opened = open_regular(self._path / file.name)
            with open(opened, "rb", buffering=0) as source:  # noqa: PTH123 - a descriptor
                if _is_being_filled(source, file.size):
                    filled = TruncatedError("Expected no zeros at its end")
                    if self._put_off(file, filled, now) is None:
                        return None
                is_packed, pieces = peeked(iter(lambda: source.read(_PIECE_BYTES), b""))
                for piece in unpacked(pieces) if is_packed else pieces:
                    reader.feed(piece)
            return Heard(reader.close(), at)
        except TruncatedError as error:
            return self._put_off(file, error.message or error, now)
        except OSError as error:  # on Windows: whoever writes it keeps others away
            return self._put_off(file, FeedError(f"cannot be read: {error.strerror}"), now)
        except FeedError as error:
            return Heard(error, at)

    def _put_off(self, file: _File, what: Message | FeedError, now: Now) -> Heard | None:
        """Return what there is of a file if it has had its time to settle."""
        since_s = self._incomplete.setdefault(file.key, now.monotonic_s)
        return Heard(what, now) if now.monotonic_s - since_s >= self._settles_s else None

    def _came(self, file: _File, now: Now) -> Now:
        age_s = now.wall_s - file.changed_ns / 1e9
        if self._looked is not None:
            age_s = min(age_s, now.monotonic_s - self._looked.monotonic_s)
        return now.before(age_s)


def _newest(path: Path, days: list[str]) -> Iterator[str]:
    """Yield the newest of the folders named by a day, once all are known; no link is followed."""
    folders = (day for day in sorted(days, reverse=True) if not (path / day).is_symlink())
    yield from [day for day in folders if (path / day).is_dir()][:_DAYS]


def _is_being_filled(source: BinaryIO, size: int) -> bool:
    """Tell whether a file ends with zeros: no message does."""
    if size < len(_EMPTY_END):
        return False
    source.seek(-len(_EMPTY_END), os.SEEK_END)
    end = source.read(len(_EMPTY_END))
    source.seek(0)
    return end == _EMPTY_END
