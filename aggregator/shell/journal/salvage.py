"""Salvage: the sound rows of a journal that was set aside come into the one that took its place.

It is done beside the watching, in small pieces, by a thread with connections of its own. Of each
table the rows are read from one end until the damage, then from the other. What the present
journal knows is the later, and stays. An incident that was open, and that nobody knows any more,
is ended, with a notice.
"""

import logging
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from aggregator.shell.journal import late_readings, rows
from aggregator.shell.journal.file import connect
from aggregator.shell.journal.merge import ClosingNotice
from aggregator.shell.journal.rows import KNOWN, ChangeRow, Notice
from aggregator.shell.journal.table import Table
from venuewatch.base import clock, log

_PIECE = 200  # rows between two looks of others at the journal
_REST_S = 0.01
_BUSY_TRIES = 600
_ROW_MIN, _ROWS_MIN = 16, 1_000  # bytes; a damaged page may lead round and round
_REPLACES_KNOWN = (
    "ON CONFLICT (number, seq) DO UPDATE SET at = excluded.at, change = excluded.change,"
    f" cause = excluded.cause WHERE changes.change = '{KNOWN}'"
)

_logger = logging.getLogger("aggregator.journal")


class _Part(NamedTuple):
    """A table, the ``key`` by which its rows are in order, and how they are inserted.

    ``source``: the name of the table there, if it is another one.
    """

    table: Table[Any]
    key: tuple[str, ...]
    verb: str = "INSERT OR IGNORE"
    more: str = ""
    source: str = ""


_PARTS = (
    _Part(rows.INCIDENTS, ("number",)),
    _Part(rows.CHANGES, ("number", "seq"), "INSERT", _REPLACES_KNOWN),
    _Part(rows.TRANSITIONS, ("rowid",)),
    _Part(rows.HEARD, ("host", "stream", "boot")),
    _Part(late_readings.CATALOGUES, ("key",)),
    _Part(late_readings.READINGS, ("host", "boot", "stream", "seq"), source="old_readings"),
    _Part(late_readings.READINGS, ("host", "boot", "stream", "seq")),
)


class Salvage(threading.Thread):
    """Brings what is sound in ``aside`` into the journal at ``path``.

    ``found``: gets the notices of incidents that were ended, in this thread.
    """

    def __init__(
        self,
        path: Path,
        aside: Path,
        closing_notice: ClosingNotice,
        found: Callable[[Sequence[Notice]], None],
    ) -> None:
        super().__init__(name="salvage", daemon=True)
        self._path = path
        self._aside = aside
        self._closing_notice = closing_notice
        self._found = found
        self._is_over = threading.Event()
        self._back: Counter[str] = Counter()
        self._left = _ROWS_MIN

    def run(self) -> None:
        """Bring in what is sound; a failure is logged, and what is in by then stays."""
        try:
            with closing(connect(self._path)) as database:
                database.isolation_level = None
                self._left += self._aside.stat().st_size // _ROW_MIN
                database.execute("ATTACH DATABASE ? AS aside", (str(self._aside),))
                self._bring_in(database)
        except Exception as error:  # noqa: BLE001 - no such file keeps us from watching
            why = str(error)
        else:
            why = ""
        log.event(
            _logger,
            logging.INFO,
            "journal_salvaged",
            file=str(self._aside),
            rows=dict(self._back),
            stopped_by=why,
        )

    def end(self) -> None:
        """Stop soon; the rest stays in the file."""
        self._is_over.set()

    def _bring_in(self, database: sqlite3.Connection) -> None:
        ended: list[int] = []
        for part in _PARTS:
            for piece in self._pieces(database, part):
                if part.table is rows.INCIDENTS:
                    ended += self._bring_in_incidents(database, part, piece)
                else:
                    self._insert(database, part, piece)
                if self._is_over.wait(_REST_S):
                    return
        self._when_free(database, lambda: late_readings.keep_catalogues(database))
        if ended:
            notices = self._when_free(database, lambda: self._end(database, ended))
            self._found(notices)

    def _pieces(
        self, database: sqlite3.Connection, part: _Part
    ) -> Iterator[Sequence[tuple[Any, ...]]]:
        """Yield the rows of a table, from one end until the damage, then from the other."""
        last = yield from self._walk(database, part, ">", "", None)
        if last is not None:
            yield from self._walk(database, part, "<", "DESC", last)

    def _walk(
        self,
        database: sqlite3.Connection,
        part: _Part,
        beyond: str,
        direction: str,
        stop: tuple[Any, ...] | None,
    ) -> Any:
        """Yield pieces in one direction; return the last key before the damage, None at the end."""
        key, marks = ", ".join(part.key), ", ".join("?" * len(part.key))
        order = ", ".join(f"{name} {direction}" for name in part.key)
        at: tuple[Any, ...] | None = None
        while self._left > 0:
            where = f"WHERE ({key}) {beyond} ({marks})" if at is not None else ""
            question = (
                f"SELECT {key}, {part.table.columns} FROM aside.{part.source or part.table.name}"  # noqa: S608
                f" {where} ORDER BY {order} LIMIT {_PIECE}"
            )
            found, is_damaged = _read(database, question, at or ())
            self._left -= len(found)
            piece = [row[len(part.key) :] for row in found]
            before, at = at, found[-1][: len(part.key)] if found else at
            yield piece
            if is_damaged:
                return at if at is not None else ()
            is_over = len(found) < _PIECE or at == before
            if is_over or (stop and at is not None and _is_at(at, stop)):
                return None
        return None

    def _bring_in_incidents(
        self, database: sqlite3.Connection, part: _Part, piece: Sequence[tuple[Any, ...]]
    ) -> list[int]:
        """Insert incidents; return the numbers of those that were open and are not known."""
        columns = part.table.columns.split(", ")
        number_at, end_at = columns.index("number"), columns.index("closed_at")
        numbers = [row[number_at] for row in piece]
        marks = ", ".join("?" * len(numbers))
        known = {
            number
            for (number,) in database.execute(
                f"SELECT number FROM incidents WHERE number IN ({marks})",  # noqa: S608
                numbers,
            )
        }
        now = clock.wall()
        new = [row for row in piece if row[number_at] not in known]
        ended = [
            (*row[:end_at], now, *row[end_at + 1 :]) if row[end_at] is None else row for row in new
        ]
        self._insert(database, part, ended)
        return [row[number_at] for row in new if row[end_at] is None]

    def _insert(
        self, database: sqlite3.Connection, part: _Part, piece: Sequence[tuple[Any, ...]]
    ) -> None:
        marks = ", ".join("?" * len(part.table.columns.split(", ")))
        statement = (
            f"{part.verb} INTO main.{part.table.name} ({part.table.columns})"
            f" VALUES ({marks}) {part.more}"
        )

        def insert() -> None:
            before = database.total_changes
            for row in piece:
                with suppress(*_OF_A_ROW):
                    database.execute(statement, row)
            self._back[part.table.name] += database.total_changes - before

        if piece:
            self._when_free(database, insert)

    def _end(self, database: sqlite3.Connection, numbers: Sequence[int]) -> list[Notice]:
        """Write down that incidents ended; return the notices of that."""
        return end_incidents(database, numbers, clock.wall(), self._closing_notice)

    def _when_free(self, database: sqlite3.Connection, act: Callable[[], Any]) -> Any:
        """Act in a transaction, once the journal can be written."""
        for _ in range(_BUSY_TRIES):
            try:
                database.execute("BEGIN IMMEDIATE")
                break
            except sqlite3.OperationalError:
                if self._is_over.wait(1.0):
                    return []
        try:
            result = act()
            database.execute("COMMIT")
        except BaseException:
            if database.in_transaction:
                database.execute("ROLLBACK")
            raise
        return result


_OF_A_ROW = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    OverflowError,
    UnicodeError,
)


def end_incidents(
    database: sqlite3.Connection,
    numbers: Sequence[int],
    now: float,
    closing_notice: ClosingNotice,
) -> list[Notice]:
    """End incidents that nobody knows any more, in the transaction of the caller.

    Return the notices of that, which are in the outbox.
    """
    notices = []
    for number in numbers:
        found = rows.INCIDENTS.select(database, "WHERE number = ?", (number,), skipped=Counter())
        if not found:
            continue
        incident = found[0]
        end = incident.closed_at if incident.closed_at is not None else now
        (seq,) = database.execute(
            "SELECT coalesce(max(seq), 0) + 1 FROM changes WHERE number = ?", (number,)
        ).fetchone()
        ended = msgspec.structs.replace(incident, closed_at=end)
        rows.INCIDENTS.insert(database, [ended], verb="INSERT OR REPLACE")
        change = ChangeRow(number, seq, end, "closed", incident.cause)
        rows.CHANGES.insert(database, [change], verb="INSERT OR REPLACE")
        notices.append(closing_notice(ended, seq))
    rows.OUTBOX.insert(database, notices, verb="INSERT OR IGNORE")
    return notices


def _read(
    database: sqlite3.Connection, question: str, values: Sequence[Any]
) -> tuple[list[tuple[Any, ...]], bool]:
    """Return the rows that can be read, and whether the table is damaged behind them."""
    found: list[tuple[Any, ...]] = []
    try:
        for row in database.execute(question, values):
            found.append(row)  # noqa: PERF402 - those before the damage are kept
    except sqlite3.DatabaseError:
        return found, True
    return found, False


def _is_at(at: tuple[Any, ...], stop: tuple[Any, ...]) -> bool:
    """Tell whether a walk down has met the walk up."""
    try:
        return at <= stop
    except TypeError:  # of different kinds, as a damaged page may hold
        return False
