"""Finds files that match a pattern, within a number of entries and a time.

The patterns are those of Python's glob: ``*``, ``?`` and ``[…]`` within a name, where a leading dot
must be written, and once ``**`` for any directories, hidden ones and links not among them. Python's
own would list a directory of a million files as a whole before it gives the first.
"""

import fnmatch
import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from venuewatch.base import clock

_MAX_DEPTH = 64
_MAGIC = re.compile(r"[*?\[]")


class File(NamedTuple):
    """A file; times in s since 1970."""

    path: str
    inode: int
    size_bytes: int
    modified_at: float


class Walk:
    """One walk. ``is_cut``: it stopped before everything was seen.

    ``denied`` is a directory or file that this account may not look into, if there was any.
    ``follows_links``: else a link that fits a wildcard is passed over; ``links`` counts them, and
    ``link`` is the last.
    """

    def __init__(
        self, pattern: str, *, max_entries: int, until: float, follows_links: bool = True
    ) -> None:
        parts = Path(pattern).parts
        self._begin = parts[0] if Path(pattern).anchor else ""
        self._parts = parts[1:] if self._begin else parts
        self._max_entries = max_entries
        self._until = until
        self._follows_links = follows_links
        self.links = 0
        self.link = ""
        self.entries = 0
        self.is_cut = False
        self.denied = ""

    def files(self) -> Iterator[File]:
        """Give every regular file that matches."""
        for path, found in self.found():
            yield File(path, found.st_ino, found.st_size, found.st_mtime)

    def found(self) -> Iterator[tuple[str, os.stat_result]]:
        """Give the path and status of every regular file that matches."""
        parts = self._parts if self._parts[-1:] != ("**",) else (*self._parts, "*")
        yield from self._under(self._begin, parts, 0)

    def _under(
        self, directory: str, parts: tuple[str, ...], depth: int
    ) -> Iterator[tuple[str, os.stat_result]]:
        head, rest = parts[0], parts[1:]
        if depth > _MAX_DEPTH:
            self.is_cut = True
        elif head == "**":
            yield from self._under(directory, rest, depth)
            for entry in self._entries(directory):
                if not entry.name.startswith(".") and _is_folder(entry):
                    yield from self._under(entry.path, parts, depth + 1)
        elif _MAGIC.search(head):
            is_match = _matcher(head)
            for entry in self._entries(directory):
                if is_match(entry.name) and not self._is_passed_over(entry):
                    if rest:
                        yield from self._under(entry.path, rest, depth + 1)
                    else:
                        yield from self._file(entry.path)
        elif rest:
            yield from self._under(os.path.join(directory, head), rest, depth)  # noqa: PTH118
        else:
            yield from self._file(os.path.join(directory, head))  # noqa: PTH118 - cheaper

    def _entries(self, directory: str) -> Iterator["os.DirEntry[str]"]:
        try:
            with os.scandir(directory or os.curdir) as entries:
                for entry in entries:
                    self.entries += 1
                    is_late = self.entries % 256 == 0 and clock.monotonic() > self._until
                    if is_late or self.entries > self._max_entries:
                        self.is_cut = True
                    if self.is_cut:
                        return
                    yield entry
        except PermissionError:
            self.denied = self.denied or directory
        except OSError:
            pass  # not a directory, or gone meanwhile

    def _is_passed_over(self, entry: "os.DirEntry[str]") -> bool:
        if self._follows_links or not entry.is_symlink():
            return False
        self.links += 1
        self.link = entry.path
        return True

    def _file(self, path: str) -> Iterator[tuple[str, os.stat_result]]:
        try:
            found = os.stat(path)  # noqa: PTH116 - for each file, so cheaply
        except PermissionError:
            self.denied = self.denied or path
        except OSError:
            pass  # gone meanwhile, or a link to nowhere
        else:
            if stat.S_ISREG(found.st_mode):
                yield path, found


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:  # some filesystems have to be asked, and may refuse
        return False


def _matcher(pattern: str) -> Callable[[str], bool]:
    is_match = re.compile(fnmatch.translate(os.path.normcase(pattern))).match
    is_dotted = pattern.startswith(".")

    def matches(name: str) -> bool:
        if name.startswith(".") and not is_dotted:
            return False
        return is_match(os.path.normcase(name)) is not None

    return matches
