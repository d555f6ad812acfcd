"""File of the journal: opened, watched for a change underneath, and named when it is set aside.

What SQLite says of a file is one of two things. It is **damaged**: it will not become well again,
and is set aside. Or it can not be used **now** (full, locked, read-only): it stays where it is.
"""

import contextlib
import math
import os
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from venuewatch.base import files

BUSY_S = 0.5
"""How long (s) another program may hold the journal before it counts as locked."""

KEPT = 3
"""How many journals that were set aside as broken are kept."""

_HEAD = b"SQLite format 3\0"
_HEAD_SIZE = 100  # with the size of a page, and their number: SQLite's file format, 1.3
_PAGE_MAX = 65_536
_OF_ONE = ("", "-wal")
_DAMAGED = frozenset(
    {
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_ERROR,  # a table or a column is missing
        sqlite3.SQLITE_SCHEMA,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_FORMAT,
        sqlite3.SQLITE_TOOBIG,
    }
)
_PRIMARY = 0xFF


class LostError(Exception):
    """The file is not the journal any more; its text says why."""


def is_damage(error: Exception) -> bool:
    """Tell whether a file is damaged, rather than not to be used now."""
    code = getattr(error, "sqlite_errorcode", None)
    if code == sqlite3.SQLITE_READONLY_DBMOVED:
        return True
    if code is not None:
        return (code & _PRIMARY) in _DAMAGED
    return not isinstance(error, OSError | MemoryError | sqlite3.OperationalError)


class _Seen(NamedTuple):
    """A file as it was seen: which one it is, and its length."""

    device: int
    inode: int
    size: int


_EMPTY = _Seen(0, 0, 0)


class File:
    """A database at ``path`` that is open; ``prepare`` makes it usable.

    Attributes:
        database: the connection to it, for the thread that opened it.
    """

    def __init__(self, path: Path, prepare: Callable[[sqlite3.Connection], None]) -> None:
        """Open it, and make it if it is not there.

        Raises:
            sqlite3.Error, ValueError, LostError: see ``is_damage``.
            OSError: it can not be used now.
        """
        self._path = path
        check_regular(path)
        found = _seen(path, "")
        if found is not None and not found.size and _seen(path, "-wal") is None:
            raise LostError(f"{path.name} was empty")
        self.database = connect(path)
        try:
            prepare(self.database)
            # Opened once: to close any descriptor of the file drops the locks of the process on it.
            self._content = os.open(path, os.O_RDONLY)
            self._seen = {end: _seen(path, end) for end in _OF_ONE}
        except BaseException:
            self.database.close()
            raise

    def look(self) -> None:
        """Look whether it is still the file that was opened, and is whole at its beginning.

        Raises:
            LostError: it is not.
            OSError: it can not be looked at.
        """
        for end, was in self._seen.items():
            now = _seen(self._path, end)
            if now is None:
                if was is not None:
                    raise LostError(f"{self._path.name}{end} was deleted")
                continue
            if was is not None and now[:2] != was[:2]:
                raise LostError(f"{self._path.name}{end} was replaced")
            if was is not None and not end and now.size < min(was.size, self._should_be()):
                raise LostError(f"{self._path.name} was cut short")
            self._seen[end] = now
        if self._head()[: len(_HEAD)] not in {b"", _HEAD}:
            raise LostError(f"{self._path.name} was overwritten")

    def size_bytes(self) -> int:
        """Return how much it has on disk, with its WAL.

        Raises:
            OSError: it can not be looked at.
        """
        return sum((_seen(self._path, end) or _EMPTY).size for end in _OF_ONE)

    def _should_be(self) -> float:
        """Return the size that the file says it has: a VACUUM makes it smaller."""
        head = self._head()
        if len(head) < _HEAD_SIZE or not head.startswith(_HEAD):
            return math.inf
        page = int.from_bytes(head[16:18], "big")
        return (_PAGE_MAX if page == 1 else page) * int.from_bytes(head[28:32], "big")

    def _head(self) -> bytes:
        os.lseek(self._content, 0, os.SEEK_SET)
        return os.read(self._content, _HEAD_SIZE)

    def close(self) -> None:
        """Close it."""
        try:
            self.database.close()
        finally:
            os.close(self._content)


def check_regular(path: Path) -> None:
    """Check that a path is a file's, or may become one: another kind may block for ever.

    Raises:
        OSError: it is not.
    """
    with contextlib.suppress(FileNotFoundError):
        files.check_regular(path)


def may_exist(path: Path) -> bool:
    """Tell whether there may be a file; one in a folder that can not be read may be there."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def connect(path: Path) -> sqlite3.Connection:
    """Open a database for reading and writing; text that is no UTF-8 is read as it may be."""
    database = sqlite3.connect(path, timeout=BUSY_S, check_same_thread=False)
    database.text_factory = partial(str, encoding="utf-8", errors="replace")
    return database


def connect_for_reading(path: Path) -> tuple[sqlite3.Connection, bool]:
    """Open a database that can perhaps not be written; return it, and whether all of it is there.

    Where there is no room for the index of its WAL, that is kept in memory; where nothing can be
    written at all, the WAL is left out.

    Raises:
        sqlite3.Error, OSError: it can not be read either.
    """
    check_regular(path)
    address = path.absolute().as_uri()
    error: sqlite3.Error | None = None
    for more in ("mode=ro", "mode=rw", "mode=ro&immutable=1"):
        database = sqlite3.connect(f"{address}?{more}", uri=True, timeout=BUSY_S)
        database.text_factory = partial(str, encoding="utf-8", errors="replace")
        try:
            if more == "mode=rw":
                database.execute("PRAGMA locking_mode = EXCLUSIVE")
            database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.Error as failure:
            database.close()
            error = failure
        else:
            has_wal = (_seen(path, "-wal") or _EMPTY).size > 0
            return database, "immutable" not in more or not has_wal
    assert error is not None  # noqa: S101 - there were ways to try
    raise error


def set_aside(path: Path) -> Path | None:
    """Rename a broken journal to ``NAME.broken-N``, with its WAL; None if there is nothing in it.

    The latest ``KEPT`` are kept.

    Raises:
        OSError: it can not be renamed.
    """
    found = _seen(path, "")
    if found is None or not found.size:
        _unlink(path, "", "-wal", "-shm")
        return None
    numbers = _broken(path)
    aside = path.with_name(f"{path.name}.broken-{max(numbers, default=0) + 1}")
    wal = path.with_name(f"{path.name}-wal")
    if wal.exists():  # first: without its database it is harmless there
        wal.rename(f"{aside}-wal")
    path.rename(aside)
    _unlink(path, "-shm")
    for number in sorted(numbers)[: -(KEPT - 1)]:
        _unlink(path.with_name(f"{path.name}.broken-{number}"), "", "-wal", "-shm")
    return aside


def _broken(path: Path) -> list[int]:
    found = path.parent.glob(f"{_escaped(path.name)}.broken-*")
    ends = (file.name.rpartition("-")[2] for file in found)
    return [int(end) for end in ends if end.isascii() and end.isdigit()]


def _escaped(name: str) -> str:
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in name)


def _unlink(path: Path, *ends: str) -> None:
    for end in ends:
        path.with_name(f"{path.name}{end}").unlink(missing_ok=True)


def _seen(path: Path, end: str) -> _Seen | None:
    try:
        found = os.stat(f"{path}{end}")  # noqa: PTH116 - a Path each time is slow
    except FileNotFoundError:
        return None
    return _Seen(found.st_dev, found.st_ino, found.st_size)
