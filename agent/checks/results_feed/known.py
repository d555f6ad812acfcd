"""Remembers the files of a folder, and tells which of them are news.

1. A file with another name, size or time of its content is news.
2. One that was only touched, or replaced in its size and time, is news if its content differs:
   some programs write in place and give a file its old time.
3. Not every system tells that. So the newest few are compared by content, too, and so are those
   that were incomplete when their time was over.
4. A file that is gone is forgotten. Of too many the oldest are forgotten, by the time of their
   content, and nothing as old as that is news any more.
"""

import os
import struct
from collections.abc import Iterable
from typing import Final, Literal, NamedTuple, TypeAlias

MAX_KNOWN: Final = 50_000
"""How many files are remembered, at 160 bytes each."""

UNREAD: Final = 0
"""The content of a file that was there before the first look, and is not read."""

_MAX_DOUBTED: Final = 64
_FACTS: Final = struct.Struct("<qQqQ")
_OF_CONTENT: Final = 16  # bytes of them: its time and size
_DIGEST_BYTES: Final = 8
_DROPPED: Final = 10  # one of so many, at a time
_LARGEST: Final = 2**64 - 1

News: TypeAlias = Literal["new", "rewritten", "touched", "none"]
"""What a file is: ``touched`` is news only if its content differs."""


class File(NamedTuple):
    """A file as it was found: when (ns since 1970) its content was written, and it was touched."""

    written_ns: int
    name: str
    size: int
    touched_ns: int
    inode: int

    def opened(self, status: os.stat_result) -> "File":
        """Return the file as it was when it was opened: it may have been written since the look."""
        times = (status.st_mtime_ns, self.name, status.st_size, status.st_ctime_ns)
        return File(*times, self.inode)


class Known:
    """The files that are known: a bounded number."""

    def __init__(self) -> None:
        self._facts: dict[int, bytes] = {}  # by the hash of a name: names would cost twice as much
        self._doubted: dict[int, None] = {}
        self._horizon_ns = -1

    def __len__(self) -> int:
        return len(self._facts)

    def __contains__(self, name: str) -> bool:
        return hash(name) in self._facts

    def news_of(self, file: File) -> News:
        """Tell whether a file is news."""
        facts = self._facts.get(hash(file.name))
        if facts is None:
            return "new" if file.written_ns > self._horizon_ns else "none"
        now = _FACTS.pack(file.written_ns, file.size, file.touched_ns, file.inode & _LARGEST)
        if facts.startswith(now):
            return "none"
        return "touched" if facts.startswith(now[:_OF_CONTENT]) else "rewritten"

    def has(self, key: int) -> bool:
        """Tell whether a file is known by the hash of its name."""
        return key in self._facts

    def is_same(self, key: int, status: os.stat_result) -> bool:
        """Tell in a hurry whether a file is known by the hash of its name, and is as it was."""
        facts = self._facts.get(key)
        if facts is None or key in self._doubted:
            return False
        times = (status.st_mtime_ns, status.st_size, status.st_ctime_ns)
        return facts.startswith(_FACTS.pack(*times, status.st_ino & _LARGEST))

    def content_of(self, file: File) -> int:
        """Return the digest of a file's content when it was read; ``UNREAD`` if it was not."""
        facts = self._facts.get(hash(file.name))
        return UNREAD if facts is None else int.from_bytes(facts[_FACTS.size :])

    def is_doubted(self, file: File) -> bool:
        """Tell whether a file was incomplete when its time was over."""
        return hash(file.name) in self._doubted

    def keep(self, file: File, content: int, *, is_doubted: bool = False) -> None:
        """Remember a file, and the digest of its content."""
        key = hash(file.name)
        times = (file.written_ns, file.size, file.touched_ns)
        facts = _FACTS.pack(*times, file.inode & _LARGEST)
        self._facts[key] = facts + content.to_bytes(_DIGEST_BYTES)
        self._doubted.pop(key, None)
        if is_doubted:
            self._doubted[key] = None
            if len(self._doubted) > _MAX_DOUBTED:
                del self._doubted[next(iter(self._doubted))]
        if len(self._facts) > MAX_KNOWN:
            self._drop()

    def note(self, file: File) -> None:
        """Remember that a known file was touched, with the same content."""
        is_doubted = self.is_doubted(file)
        self.keep(file, self.content_of(file), is_doubted=is_doubted)

    def forget(self, names: Iterable[str]) -> None:
        """Forget files, as if they had never been seen."""
        for name in names:
            self._facts.pop(hash(name), None)
            self._doubted.pop(hash(name), None)

    def forget_others(self, present: set[int]) -> int:
        """Forget those whose hash of the name isn't in ``present``; return how many they were."""
        if len(present) == len(self._facts):  # the usual case, which costs nothing
            return 0
        gone = self._facts.keys() - present
        for key in gone:
            del self._facts[key]
            self._doubted.pop(key, None)
        return len(gone)

    def _drop(self) -> None:
        """Forget the oldest of too many."""
        ages = sorted((_FACTS.unpack_from(facts)[0], key) for key, facts in self._facts.items())
        dropped = ages[: max(1, len(ages) // _DROPPED)]
        self._horizon_ns = max(self._horizon_ns, dropped[-1][0])
        for _, key in dropped:
            del self._facts[key]
            self._doubted.pop(key, None)
