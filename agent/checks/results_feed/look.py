"""Looks through a folder, and its newest folders of a day, for files that are news.

A look may be interrupted and goes on later, so that a folder of a million files takes no reading
hostage. It remembers a bounded number of files, and follows no link.
"""

import fnmatch
import heapq
import os
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Final

from agent.checks.reading.times import Deadline, Now
from agent.checks.results_feed.known import UNREAD, File, Known

_DAYS: Final = 2  # folders of a day that are looked into: a session may go on past midnight
_DAY: Final = re.compile(r"\A20\d\d-?[01]\d-?[0-3]\d\Z", re.ASCII)
_AT_ONCE: Final = 256  # names between two looks at the clock
_NEWEST: Final = 16
_MAX_TOUCHED: Final = 1_000


class Look:
    """One look that began at ``began``, for the ``most`` oldest news; the first, for the newest.

    ``seen`` is how many names it has met, ``news`` how many files of them are news, and ``links``
    how many were links. ``present`` has the hashes of the known names that it met.
    """

    def __init__(
        self, path: Path, files: str, known: Known, began: Now, most: int, *, is_first: bool
    ) -> None:
        self._path = path
        self._files = files
        self._known = known
        self._most = most
        self._is_first = is_first
        self._walk = self._files_found()
        self._fresh: list[File] = []
        self._touched: list[File] = []
        self._newest: list[File] = []
        self._doubted: list[File] = []
        self.began = began
        self.present: set[int] = set()
        self.seen = self.news = self.links = 0

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
        if news in ("new", "rewritten"):
            self._note_fresh(file)
        elif self._known.content_of(file) == UNREAD:
            if news == "touched":
                self._known.keep(file, UNREAD)
        elif news == "touched":
            if len(self._touched) < _MAX_TOUCHED:
                self._touched.append(file)
        else:
            if self._known.is_doubted(file):
                self._doubted.append(file)
            if len(self._newest) < _NEWEST:
                heapq.heappush(self._newest, file)
            elif file > self._newest[0]:
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
        """Yield all files whose name fits, and None now and then."""
        days: list[str] = []
        for under in chain([""], self._newest_of(days)):
            with os.scandir(self._path / under) as entries:
                for entry in entries:
                    self.seen += 1
                    if self.seen % _AT_ONCE == 0:
                        yield None
                    if (file := self._found(entry, under)) is not None:
                        yield file
                    elif not under and _DAY.match(entry.name):
                        days.append(entry.name)

    def _newest_of(self, days: list[str]) -> Iterator[str]:
        """Yield the newest of the folders named by a day, once all are known."""
        folders: list[str] = []
        for day in sorted(days, reverse=True):
            path = self._path / day
            if path.is_symlink():
                self.links += 1
            elif path.is_dir() and len(folders) < _DAYS:
                folders.append(day)
        yield from folders

    def _found(self, entry: "os.DirEntry[str]", under: str) -> File | None:
        """Return a file whose name fits; None for anything else."""
        if not fnmatch.fnmatchcase(entry.name.lower(), self._files):
            return None
        try:
            if entry.is_symlink() and not _DAY.match(entry.name):
                self.links += 1
            if not entry.is_file(follow_symlinks=False):
                return None
            status = entry.stat(follow_symlinks=False)
        except OSError:  # it was taken away meanwhile
            return None
        name = f"{under}/{entry.name}" if under else entry.name
        times = (status.st_mtime_ns, name, status.st_size, status.st_ctime_ns)
        return File(*times, status.st_ino)
