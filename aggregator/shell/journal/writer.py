"""What must outlive this process, in SQLite: one thread, one transaction after the other.

``store`` returns at once. What it is given becomes durable as a whole or not at all, and in the
order in which it was given. What a failing disk does not take waits and is tried again; that is
said once, and acknowledges nothing meanwhile.
"""

import asyncio
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from aggregator.core.ledger import Page
from aggregator.shell.journal import rows as journal_rows
from aggregator.shell.journal.rows import Remembered, Rows
from aggregator.shell.journal.schema import prepare
from venuewatch.base import clock, log

DAY_S = 86_400.0
_FORGET_EVERY_S = 3_600.0
_RETRY_AFTER_S = 5.0
_AT_ONCE = 1_000  # orders that share a transaction, so that a busy moment costs one sync

_logger = logging.getLogger("aggregator.journal")


class _Order(NamedTuple):
    rows: Rows
    done: Callable[[], None] | None
    tried: Callable[[], None] | None


class Journal:
    """The database at ``path``, which keeps what is over for ``keep_days``."""

    def __init__(self, path: Path, *, keep_days: float) -> None:
        """Open it, make it if it is not there, and bring it up to date.

        Raises:
            sqlite3.Error: it can not be opened, or is something else.
        """
        self._keep_s = keep_days * DAY_S
        self._loop = asyncio.get_running_loop()
        self._orders: queue.SimpleQueue[_Order | None] = queue.SimpleQueue()
        self._forget_at = 0.0
        self._trouble: str | None = None
        self._database = sqlite3.connect(path, check_same_thread=False)
        prepare(self._database)
        self._thread = threading.Thread(target=self._serve, name="journal", daemon=True)
        self._thread.start()

    def pages(self) -> list[Page]:
        """Return which readings earlier processes had heard."""
        return journal_rows.read_pages(self._database)

    def remembered(self) -> Remembered:
        """Return what earlier processes have left.

        Raises:
            sqlite3.Error, msgspec.MsgspecError: it is damaged.
        """
        return journal_rows.read(self._database)

    def store(
        self,
        rows: Rows,
        done: Callable[[], None] | None = None,
        tried: Callable[[], None] | None = None,
    ) -> None:
        """Have all this stored in one transaction.

        ``done`` is called on the loop after the commit; ``tried`` then too, or as soon as the
        disk has refused: for what can not wait until it takes something again.
        """
        self._orders.put(_Order(rows, done, tried))

    def close(self) -> None:
        """Store what was ordered, and close."""
        self._orders.put(None)
        self._thread.join()
        self._database.close()

    def _serve(self) -> None:
        waiting: list[_Order] = []
        is_open = True
        while is_open:
            orders = self._taken(_RETRY_AFTER_S if waiting else None)
            is_open = None not in orders
            waiting += [order for order in orders if order is not None]
            try:
                self._write(waiting)
            except sqlite3.Error as error:
                self._report(str(error))
                self._call(order.tried for order in waiting)
                waiting = [order._replace(tried=None) for order in waiting]
            else:
                self._trouble = None
                self._call(call for order in waiting for call in (order.done, order.tried))
                waiting = []

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

    def _write(self, orders: Sequence[_Order]) -> None:
        now = clock.wall()
        with self._database:
            for order in orders:
                journal_rows.write(self._database, order.rows, now)
            if now >= self._forget_at:
                self._forget_at = now + _FORGET_EVERY_S
                journal_rows.forget(self._database, now - self._keep_s)

    def _call(self, calls: Iterable[Callable[[], None] | None]) -> None:
        for call in calls:
            if call is not None:
                self._loop.call_soon_threadsafe(call)

    def _report(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            log.event(_logger, logging.ERROR, "journal_fails", why=trouble)
