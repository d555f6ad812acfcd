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

    ``floor_ns`` is that of the look before it, None for the first. ``seen`` is how many names it
    has met, ``news`` how many files of them are news, and ``links`` how many were links.
    ``present`` has the hashes of the known names that it met.
    """

    def __init__(
        self, path: Path, files: str, known: Known, began: Now, most: int, floor_ns: int | None
    ) -> None:
        self._path = path
        self._is_match = re.compile(fnmatch.translate(files)).match
        self._known = known
        self._most = most
        self._is_first = floor_ns is None
        self._floor_ns = floor_ns or -1
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
        days: list[str] = []
        for under in chain([""], self._newest_of(days)):
            with os.scandir(self._path / under) as entries:
                for entry in entries:
                    self.seen += 1
                    if self.seen % _AT_ONCE == 0:
                        yield None
                    if self._is_match(entry.name.lower()):
                        yield from self._found(entry, under)
                    if entry.name.startswith("20") and not under and _DAY.match(entry.name):
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

    def _found(self, entry: "os.DirEntry[str]", under: str) -> Iterator[File]:
        """Yield a file, unless it is as it was."""
        try:
            if not entry.is_file(follow_symlinks=False):
                self.links += entry.is_symlink() and not _DAY.match(entry.name)
                return
            status = entry.stat(follow_symlinks=False)
        except OSError:  # it was taken away meanwhile
            return
        name = f"{under}/{entry.name}" if under else entry.name
        key, written_ns = hash(name), status.st_mtime_ns
        if written_ns < self._floor_ns and self._known.is_same(key, status):
            self.present.add(key)
            return
        yield File(written_ns, name, status.st_size, status.st_ctime_ns, status.st_ino)
