"""Looks through a folder, and its newest folders of a day, for files that are news.

A look may be interrupted and goes on later, so that a folder of a million files takes no reading
hostage. It remembers a bounded number of files, and follows no link.
"""

import contextlib
import fnmatch
import heapq
import os
import re
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import Final, NamedTuple

from agent.checks.reading.times import Deadline, Now
from agent.checks.results_feed.known import UNREAD, File, Known

_DAYS: Final = 3  # yesterday, of a session past midnight, and tomorrow, which is there already
_DAY: Final = re.compile(r"\A20\d\d([-_.]?)[01]\d\1[0-3]\d\Z", re.ASCII)
_YEARS: Final = frozenset(map(str, range(2000, 2100)))
_AT_ONCE: Final = 256  # names between two looks at the clock
_NEWEST: Final = 16
_MAX_TOUCHED: Final = 1_000
_FLAGS: Final = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)  # or else a pipe waits for its writer


class Begin(NamedTuple):
    """The beginning of a look: when, on which logical day, and where the newest few files began.

    ``floor_ns`` is that of the look before it, None for the first one.
    """

    now: Now
    today: date
    floor_ns: int | None


class Look:
    """One look that began at ``began``, for the ``most`` oldest news; the first, for the newest.

    ``seen`` is how many names it has met, ``news`` how many files of them are news, ``links`` how
    many were links, and ``folders`` how many were folders of no day. ``present`` has the hashes of
    the known names that it met, and ``days`` the folders of a day that it looked into.
    """

    def __init__(self, path: Path, files: str, known: Known, begin: Begin, most: int) -> None:
        self._path = path
        self._is_match = re.compile(fnmatch.translate(files)).match
        self._known = known
        self._most = most
        self._is_first = begin.floor_ns is None
        self._floor_ns = begin.floor_ns or -1
        self._today = begin.today
        self._walk = self._files_found()
        self._fresh: list[File] = []
        self._touched: list[File] = []
        self._newest: list[File] = []
        self._doubted: list[File] = []
        self.began = begin.now
        self.present: set[int] = set()
        self.days: list[str] = []
        self._dated: list[str] = []
        self.seen = self.news = self.links = self.folders = 0

    def go_on(self, deadline: Deadline) -> bool:
        """Look on until ``deadline``; return whether everything was seen.

        Raises:
            OSError: a folder can't be read.
        """
        for file in self._walk:
            if file is None:
                if deadline.is_over():
                    return False
            elif self._is_first:
                self._known.keep(file, UNREAD)
                self._note_fresh(file)
            else:
                self._note(file)
        return True

    @property
    def floor_ns(self) -> int:
        """When (ns since 1970) the newest few files begin."""
        return self._newest[0].written_ns if len(self._newest) == _NEWEST else -1

    def fresh(self) -> list[File]:
        """Return what is news, oldest first: at most ``most`` files."""
        self._trim()
        return self._fresh

    def to_compare(self) -> list[File]:
        """Return the known files that are news if their content differs, the likeliest first."""
        found = [*self._touched, *self._doubted, *sorted(self._newest, reverse=True)]
        return list(dict.fromkeys(found))

    def _note(self, file: File) -> None:
        news = self._known.news_of(file)
        if news != "new":
            self.present.add(hash(file.name))
        if news == "none":
            newest = self._newest
            if len(newest) < _NEWEST or file > newest[0] or self._known.is_doubted(file):
                self._note_known(file)
        elif news != "touched":
            self._note_fresh(file)
        elif self._known.content_of(file) == UNREAD:
            self._known.keep(file, UNREAD)
        elif len(self._touched) < _MAX_TOUCHED:
            self._touched.append(file)

    def _note_known(self, file: File) -> None:
        """Note a file that is likelier than others to have another content."""
        if self._known.content_of(file) == UNREAD:
            return
        if self._known.is_doubted(file):
            self._doubted.append(file)
        elif len(self._newest) < _NEWEST:
            heapq.heappush(self._newest, file)
        else:
            heapq.heapreplace(self._newest, file)

    def _note_fresh(self, file: File) -> None:
        self.news += 1
        self._fresh.append(file)
        if len(self._fresh) > 2 * self._most:
            self._trim()

    def _trim(self) -> None:
        self._fresh.sort()
        self._fresh = self._fresh[-self._most :] if self._is_first else self._fresh[: self._most]

    def _files_found(self) -> Iterator[File | None]:
        """Yield all files whose name fits and that may be of interest, and None now and then."""
        for under in chain([""], self._days_of(self._dated)):
            prefix = f"{under}/" if under else ""
            with _scanned(self._path / under) as entries:
                while some := list(islice(entries, _AT_ONCE)):
                    for entry in some:
                        if self._is_as_it_was(entry, prefix):
                            continue
                        if self._is_match(entry.name.lower()):
                            yield from self._found(entry, under)
                        elif not under:
                            self._note_other(entry)
                    self.seen += len(some)
                    yield None

    def _is_as_it_was(self, entry: "os.DirEntry[str]", prefix: str) -> bool:
        """Tell in a hurry whether an entry is a known file, as it was, and none to compare."""
        key = hash(prefix + entry.name)
        if not self._known.has(key):
            return False
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:  # it was taken away meanwhile
            return False
        if status.st_mtime_ns >= self._floor_ns or not self._known.is_same(key, status):
            return False
        self.present.add(key)
        return True

    def _note_other(self, entry: "os.DirEntry[str]") -> None:
        """Note a name in the folder that is no file of ours."""
        is_dated = _DAY.match(entry.name) is not None or entry.name in _YEARS
        if entry.is_dir(follow_symlinks=False):
            if is_dated:
                self._dated.append(entry.name)
            else:
                self.folders += 1
        elif is_dated and entry.is_symlink():
            self.links += 1

    def _days_of(self, found: list[str]) -> Iterator[str]:
        """Yield the newest of the folders of a day, once all folders are known.

        Those of days to come may have been made already.
        """
        latest = _digits(str(self._today + timedelta(days=1)))
        days = sorted(filter(_DAY.match, found), key=_digits, reverse=True)
        due = [day for day in days if _digits(day) <= latest] or days
        self.days = due[:_DAYS]
        for ahead in (-1, 0, 1):
            day = f"{self._today + timedelta(days=ahead):%Y/%m/%d}"
            parts = [self._path / day, (self._path / day).parent]
            if day[:4] in found and parts[0].is_dir() and not any(map(Path.is_symlink, parts)):
                self.days.append(day)
        yield from self.days

    def _found(self, entry: "os.DirEntry[str]", under: str) -> Iterator[File]:
        """Yield a file, unless it is as it was."""
        try:
            if not entry.is_file(follow_symlinks=False):
                self.links += entry.is_symlink() and not _DAY.match(entry.name)
                if not under:
                    self._note_other(entry)
                return
            status = entry.stat(follow_symlinks=False)
        except OSError:  # it was taken away meanwhile
            return
        name = f"{under}/{entry.name}" if under else entry.name
        yield File(status.st_mtime_ns, name, status.st_size, status.st_ctime_ns, status.st_ino)


@contextlib.contextmanager
def _scanned(path: Path) -> Iterator[Iterator["os.DirEntry[str]"]]:
    """Yield the entries of a folder, by its descriptor where the system can.

    Or else the system finds its way through all folders above it for each entry.
    """
    if os.scandir not in os.supports_fd:
        with os.scandir(path) as entries:
            yield entries
        return
    descriptor = os.open(path, _FLAGS)
    try:
        with os.scandir(descriptor) as entries:
            yield entries
    finally:
        os.close(descriptor)


def _digits(name: str) -> str:
    return "".join(filter(str.isdigit, name))
