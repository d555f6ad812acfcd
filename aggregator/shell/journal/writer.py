"""Writer of the journal: one thread, one transaction after the other.

``store`` returns at once. What it is given becomes durable as a whole or not at all, and in the
order in which it was given. What a failing disk refuses is tried again until the disk takes it.
"""

import asyncio
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from aggregator.shell.journal import rows as journal_rows
from aggregator.shell.journal.merge import ClosingNotice
from aggregator.shell.journal.rows import JournalContent, Rows
from aggregator.shell.journal.schema import migrate
from aggregator.shell.journal.set_aside import merge_set_aside, set_aside_newer
from venuewatch.base import clock, log

DAY_S = 86_400.0
_FORGET_EVERY_S = 3_600.0
_RETRY_AFTER_S = 5.0
_AT_ONCE = 1_000  # orders that share a transaction, so that a busy moment costs one sync

_OF_VALUES = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
)

_logger = logging.getLogger("aggregator.journal")


class _Order(NamedTuple):
    rows: Rows
    token: int | None


class Journal:
    """The database at ``path``, which keeps what is over for ``keep_days``.

    A journal of a newer venuewatch is set aside, and one that was is merged when it can be read:
    incidents that end with that get a ``closing_notice``.

    It reports, on the loop that is running now, what became of each order that has a token:
    ``on_stored(token)`` after the commit, once; ``on_refused(token)`` before that, once, if the
    disk refused it first. An order with a value that no database takes is refused, and given up.
    """

    def __init__(
        self,
        path: Path,
        *,
        closing_notice: ClosingNotice,
        keep_days: float,
        on_stored: Callable[[int], None],
        on_refused: Callable[[int], None],
    ) -> None:
        """Open the database, make it if it is not there, and bring it up to date.

        Raises:
            sqlite3.Error: it can not be opened, or is something else.
        """
        self._keep_s = keep_days * DAY_S
        self._on_stored = on_stored
        self._on_refused = on_refused
        self._loop = asyncio.get_running_loop()
        self._orders: queue.SimpleQueue[_Order | None] = queue.SimpleQueue()
        self._forget_at = 0.0
        self._trouble: str | None = None
        self._database = _opened(path, closing_notice)
        self._thread = threading.Thread(target=self._serve, name="journal", daemon=True)
        self._thread.start()

    def remembered(self) -> JournalContent:
        """Return what earlier processes have left, as far as it makes sense.

        Raises:
            sqlite3.Error: the journal is damaged.
        """
        return journal_rows.read(self._database)

    def store(self, rows: Rows, token: int | None = None) -> None:
        """Have ``rows`` stored in one transaction; without a ``token`` no report is made."""
        self._orders.put(_Order(rows, token))

    def close(self) -> None:
        """Store what was ordered, and close."""
        self._orders.put(None)
        self._thread.join()
        self._database.close()

    def _serve(self) -> None:
        refused: list[_Order] = []
        is_open = True
        while is_open:
            taken = self._taken(_RETRY_AFTER_S if refused else None)
            is_open = None not in taken
            new = [order for order in taken if order is not None]
            try:
                written, unwritable = self._write([*refused, *new])
            except sqlite3.Error as error:
                self._log_trouble(str(error))
                self._report(self._on_refused, new)
                refused += new
            else:
                self._trouble = None
                self._report(self._on_stored, written)
                self._report(self._on_refused, unwritable)
                refused = []

    def _taken(self, timeout_s: float | None) -> list[_Order | None]:
        """Wait for an order, and return it with those that wait behind it."""
        taken: list[_Order | None] = []
        try:
            taken.append(self._orders.get(timeout=timeout_s))
            while len(taken) < _AT_ONCE and taken[-1] is not None:
                taken.append(self._orders.get_nowait())
        except queue.Empty:
            pass
        return taken

    def _write(self, orders: Sequence[_Order]) -> tuple[list[_Order], list[_Order]]:
        """Write ``orders`` in one transaction; return those written, and those never to be."""
        now = clock.wall()
        written: list[_Order] = []
        unwritable: list[_Order] = []
        with self._database:
            self._database.execute("BEGIN")
            for order in orders:
                (written if self._write_one(order, now) else unwritable).append(order)
            if now >= self._forget_at:
                self._forget_at = now + _FORGET_EVERY_S
                journal_rows.forget(self._database, now - self._keep_s)

        return written, unwritable

    def _write_one(self, order: _Order, now: float) -> bool:
        """Write an order whole; return False if it has a value that no disk takes: a bug."""
        self._database.execute("SAVEPOINT one")
        try:
            journal_rows.write(self._database, order.rows, now)
        except Exception as error:
            if isinstance(error, sqlite3.Error) and not isinstance(error, _OF_VALUES):
                raise
            self._database.execute("ROLLBACK TO one")
            log.failure(_logger, "journal_order_given_up", error)
            return False
        self._database.execute("RELEASE one")
        return True

    def _report(self, report: Callable[[int], None], orders: Iterable[_Order]) -> None:
        for order in orders:
            if order.token is not None:
                self._loop.call_soon_threadsafe(report, order.token)

    def _log_trouble(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            log.event(_logger, logging.ERROR, "journal_fails", why=trouble)


def _opened(path: Path, closing_notice: ClosingNotice) -> sqlite3.Connection:
    set_aside_newer(path)
    database = sqlite3.connect(path, check_same_thread=False)
    database.text_factory = partial(str, encoding="utf-8", errors="replace")
    try:
        migrate(database)
        database.execute("PRAGMA journal_mode = WAL")
        merge_set_aside(database, path, closing_notice)
    except BaseException:
        database.close()
        raise
    return database
