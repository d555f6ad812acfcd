"""Upkeep of the journal: what is over goes, it keeps its bound, and its disk gets space back.

``keep`` is a part of each transaction of the writer. ``step`` is a small piece of work between two
of them, so that no notice waits for long; there may be more while ``is_due``:

1. What is over by lived time is deleted.
2. Past the bound the oldest goes: late readings, then transitions, then closed incidents. It is
   counted. Hosts, numbers and open incidents stay: the fleet bounds them.
3. Late readings from before are packed.
4. Free pages go back to the disk. A file that was made before it could do so is rewritten once, if
   that is quick; else it uses its free pages again, and grows no more.
5. The WAL is emptied, so that the disk has what was given back.
"""

import contextlib
import logging
import sqlite3
from collections.abc import Mapping
from typing import NamedTuple

from aggregator.shell.journal import late_readings
from aggregator.shell.journal.lived import Lived
from venuewatch.base import log

STEP_APART_S = 0.05
"""How long (s) the writer has the journal for itself between two steps."""

REWRITE_MAX = 16 * 2**20
"""How many bytes of content are rewritten in one step: some 0.2 s."""

_FORGET_EVERY_S = 3_600.0
_STEP_ROWS = 500
_SHED_ROWS = 100  # between two looks at the size
_WAL_MAX = 8 * 2**20
_CACHE_KIB = 512  # SQLite's 2 MB fill as the journal grows, and what is written is seldom read
_WAL_SHARE = 8  # of the bound, for the WAL
_PAGES_FREE_MIN = 128  # less is used again soon
_PAGES_A_STEP = 256
_FULL, _INCREMENTAL = 1, 2  # of PRAGMA auto_vacuum
_DROPPED = {
    f"dropped_{kind}": kind for kind in ("readings", "transitions", "incidents")
}  # names of marks

_logger = logging.getLogger("aggregator.journal")


class Figures(NamedTuple):
    """How large the journal is: bytes on disk, with its WAL.

    ``oldest_at``: when the oldest late reading in it was stored (s since 1970), None without any.
    ``dropped``: how many rows its bound has cost since it was begun, by kind.
    """

    size_bytes: int = 0
    oldest_at: float | None = None
    dropped: Mapping[str, int] = dict.fromkeys(_DROPPED.values(), 0)


def prepare(database: sqlite3.Connection) -> None:
    """Have a database that is still empty give space back; of another one a rewrite does that."""
    (pages,) = database.execute("PRAGMA page_count").fetchone()
    (mode,) = database.execute("PRAGMA auto_vacuum").fetchone()
    if not pages or mode == _FULL:
        database.execute(f"PRAGMA auto_vacuum = {_INCREMENTAL}")
    database.execute("PRAGMA secure_delete = OFF")  # else each page that gets free is written
    database.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")


class Upkeep:
    """Keeps a journal within ``max_bytes``, and what is over for ``keep_s`` of lived time.

    Attributes:
        is_due: whether a step has to be done.
    """

    def __init__(
        self, database: sqlite3.Connection, lived: Lived, *, keep_s: float, max_bytes: int
    ) -> None:
        self._database = database
        self._lived = lived
        self._keep_s = keep_s
        self._page_bytes = self._number("page_size")
        wal_max = min(_WAL_MAX, max_bytes // _WAL_SHARE)
        self._content_max = max_bytes - wal_max
        database.execute(f"PRAGMA journal_size_limit = {wal_max}").fetchall()
        pages = max(1, wal_max // 2 // self._page_bytes)
        database.execute(f"PRAGMA wal_autocheckpoint = {pages}").fetchall()
        self._forget_at: float | None = None
        self._may_rewrite = True
        self._is_wal_to_cut = False
        self.is_due = True

    def keep(self, now: float, wall: float, readings: int) -> None:
        """Note that we live, and delete what has to go, in the transaction of the caller.

        It is ``now`` (monotonic s), or ``wall`` (s since 1970). So many late ``readings`` were
        inserted.
        """
        self._lived.note(self._database, now, wall)
        if self._is_to_forget(now):
            self._forget(now)
        self._shed_readings(2 * readings)
        self.is_due = True

    def step(self, now: float) -> None:
        """Do a piece of work at ``now`` (monotonic s), in a transaction of its own.

        Raises:
            sqlite3.Error: it could not be done.
        """
        self.is_due = self._forgets(now) or self._sheds() or self._packs() or self._gives_back()
        if self.is_due:
            self._is_wal_to_cut = True
        elif self._is_wal_to_cut:
            (is_busy, *_) = self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            self._is_wal_to_cut = bool(is_busy)

    def figures(self, size_bytes: int) -> Figures:
        """Return how large the journal is, which has ``size_bytes`` on disk."""
        marks = ", ".join("?" * len(_DROPPED))
        found = self._database.execute(
            f"SELECT name, value FROM marks WHERE name IN ({marks})",  # noqa: S608 - our words
            tuple(_DROPPED),
        )
        dropped = {_DROPPED[name]: _count(value) for name, value in found.fetchall()}
        oldest_at = late_readings.oldest_at(self._database)
        return Figures(size_bytes, oldest_at, {**Figures().dropped, **dropped})

    def _is_to_forget(self, now: float) -> bool:
        return self._forget_at is None or now >= self._forget_at

    def _forgets(self, now: float) -> bool:
        if not self._is_to_forget(now):
            return False
        with self._database as database:
            database.execute("BEGIN IMMEDIATE")
            self._forget(now)
        return True

    def _forget(self, now: float) -> None:
        """Delete some of what is over; what is open stays."""
        database, left = self._database, _STEP_ROWS
        over = self._lived.over(database, self._keep_s)
        for _, low, high in over:
            left -= late_readings.drop_between(database, low, high, left)
            for table, column, key in _AGES:
                which = f"{column} >= ? AND {column} < ?"
                left -= self._delete(table, key, which, low, high, left)
            if left <= 0:
                return
            database.execute("DELETE FROM heard WHERE stored_s >= ? AND stored_s < ?", (low, high))
        if over:
            database.execute(
                "DELETE FROM changes WHERE number NOT IN (SELECT number FROM incidents)"
            )
            late_readings.drop_unused(database)
        self._lived.forget(database, over)
        self._forget_at = now + _FORGET_EVERY_S

    def _sheds(self) -> bool:
        if self._content_bytes() <= self._content_max:
            return False
        with self._database as database:
            database.execute("BEGIN IMMEDIATE")
            return bool(
                self._shed_readings(_STEP_ROWS)
                or self._shed("transitions", "rowid", "1")
                or self._shed("incidents", "number", "closed_at IS NOT NULL")
            )

    def _shed_readings(self, at_most: int) -> int:
        """Delete the oldest late readings while the bound is passed; return how many."""
        gone = 0
        while gone < at_most and self._content_bytes() > self._content_max:
            count = late_readings.drop_oldest(self._database, min(_SHED_ROWS, at_most - gone))
            if not count:
                break
            gone += count
        if gone:
            late_readings.drop_unused(self._database)
            self._note_dropped("readings", gone)
        return gone

    def _shed(self, table: str, key: str, which: str) -> int:
        """Delete the oldest rows of a table; return how many."""
        gone = self._delete(table, key, f"{which} ORDER BY {key}", _STEP_ROWS)
        if gone:
            self._note_dropped(table, gone)
        return gone

    def _delete(self, table: str, key: str, which: str, *values: float) -> int:
        """Delete rows of a table, and the changes of incidents; return how many rows.

        The last of the ``values`` is how many at most.
        """
        found = f"SELECT {key} FROM {table} WHERE {which} LIMIT ?"  # noqa: S608 - our words
        if table == "incidents":
            self._database.execute(f"DELETE FROM changes WHERE number IN ({found})", values)  # noqa: S608
        deleting = f"DELETE FROM {table} WHERE {key} IN ({found})"  # noqa: S608 - our words
        return self._database.execute(deleting, values).rowcount

    def _note_dropped(self, kind: str, count: int) -> None:
        self._database.execute(
            "INSERT INTO marks (name, value) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
            (f"dropped_{kind}", count),
        )

    def _packs(self) -> bool:
        if not late_readings.has_old(self._database):
            return False
        with self._database as database:
            database.execute("BEGIN IMMEDIATE")
            late_readings.pack_old(database, _STEP_ROWS)
        return True

    def _gives_back(self) -> bool:
        if self._number("auto_vacuum") != _INCREMENTAL:
            return self._rewrites()
        if self._number("freelist_count") < _PAGES_FREE_MIN:
            return False
        # A script is gone through to its end; execute gives one page back, and no more.
        self._database.executescript(f"PRAGMA incremental_vacuum({_PAGES_A_STEP})")
        return True

    def _rewrites(self) -> bool:
        """Rewrite a file that can not give space back, once, if there is little in it."""
        if not self._may_rewrite or self._content_bytes() > REWRITE_MAX:
            return False
        self._may_rewrite = False
        try:
            self._database.execute("PRAGMA temp_store = MEMORY")
            self._database.execute(f"PRAGMA auto_vacuum = {_INCREMENTAL}")
            self._database.execute("VACUUM")
        except sqlite3.Error as error:
            log.failure(_logger, "journal_not_rewritten", error)
            return False
        finally:
            with contextlib.suppress(sqlite3.Error):
                self._database.execute("PRAGMA temp_store = DEFAULT")
        return True

    def _content_bytes(self) -> int:
        return (self._number("page_count") - self._number("freelist_count")) * self._page_bytes

    def _number(self, pragma: str) -> int:
        (number,) = self._database.execute(f"PRAGMA {pragma}").fetchone()
        return int(number)


_AGES = (("transitions", "at", "rowid"), ("incidents", "closed_at", "number"))
"""Tables with the column by which a row has an age (wall time), and their keys."""


def _count(value: object) -> int:
    return int(value) if isinstance(value, float | int) else 0
