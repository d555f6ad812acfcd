"""What must outlive this process, in SQLite: readings that came late, and which were heard.

One thread owns the database. ``store`` returns at once; its callback runs on the event loop only
after the commit, so that whoever is told «stored» can rely on it. What a failing disk does not take
waits and is tried again; that is said once, and acknowledges nothing meanwhile.
"""

import asyncio
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from aggregator.core.events import ReadingHeard
from aggregator.core.ledger import Page
from venuewatch import clock, log
from venuewatch.wire.messages import encode

DAY_S = 86_400.0
_FORGET_EVERY_S = 3_600.0
_RETRY_AFTER_S = 5.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS readings (
    host TEXT NOT NULL, boot TEXT NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL,
    taken_ms INTEGER NOT NULL, stored_s REAL NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (host, boot, stream, seq)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS readings_by_age ON readings (stored_s);
CREATE TABLE IF NOT EXISTS heard (
    host TEXT NOT NULL, stream TEXT NOT NULL, boot TEXT NOT NULL,
    stored_s REAL NOT NULL, ranges BLOB NOT NULL,
    PRIMARY KEY (host, stream, boot)
) WITHOUT ROWID;
"""

decode_ranges = msgspec.json.Decoder(list[tuple[int, int]]).decode

_logger = logging.getLogger("aggregator.journal")


class _Order(NamedTuple):
    readings: Sequence[ReadingHeard]
    pages: Sequence[Page]
    done: Callable[[], None] | None


class Journal:
    """The database at ``path``, which keeps late readings for ``keep_days``."""

    def __init__(self, path: Path, *, keep_days: float) -> None:
        """Open it, and make it if it is not there.

        Raises:
            sqlite3.Error: it can not be opened, or is something else.
        """
        self._keep_s = keep_days * DAY_S
        self._loop = asyncio.get_running_loop()
        self._orders: queue.SimpleQueue[_Order | None] = queue.SimpleQueue()
        self._forget_at = 0.0
        self._trouble: str | None = None
        self._database = sqlite3.connect(path, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.executescript(_SCHEMA)
        self._thread = threading.Thread(target=self._serve, name="journal", daemon=True)
        self._thread.start()

    def pages(self) -> list[Page]:
        """Return which readings earlier processes had heard."""
        rows = self._database.execute("SELECT host, stream, boot, ranges FROM heard")
        return [Page(host, stream, boot, decode_ranges(said)) for host, stream, boot, said in rows]

    def store(
        self,
        readings: Sequence[ReadingHeard],
        pages: Sequence[Page],
        done: Callable[[], None] | None = None,
    ) -> None:
        """Have all this stored in one transaction, and ``done`` called on the loop after it."""
        self._orders.put(_Order(readings, pages, done))

    def close(self) -> None:
        """Store what was ordered, and close."""
        self._orders.put(None)
        self._thread.join()
        self._database.close()

    def _serve(self) -> None:
        waiting: list[_Order] = []
        is_open = True
        while is_open:
            try:
                order = self._orders.get(timeout=_RETRY_AFTER_S if waiting else None)
            except queue.Empty:
                pass
            else:
                is_open = order is not None
                waiting += [order] if order is not None else []
            try:
                self._write(waiting)
            except sqlite3.Error as error:
                self._report(str(error))
            else:
                self._trouble = None
                for written in waiting:
                    if written.done is not None:
                        self._loop.call_soon_threadsafe(written.done)
                waiting = []

    def _write(self, orders: Sequence[_Order]) -> None:
        now = clock.wall()
        with self._database:
            self._database.executemany(
                "INSERT OR IGNORE INTO readings VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (one.host, one.boot, one.stream, one.seq, one.wall_ms, now, encode(one.message))
                    for order in orders
                    for one in order.readings
                ],
            )
            self._database.executemany(
                "INSERT OR REPLACE INTO heard VALUES (?, ?, ?, ?, ?)",
                [
                    (page.host, page.stream, page.boot, now, msgspec.json.encode(page.ranges))
                    for order in orders
                    for page in order.pages
                ],
            )
            if now >= self._forget_at:
                self._forget_at = now + _FORGET_EVERY_S
                oldest = now - self._keep_s
                self._database.execute("DELETE FROM readings WHERE stored_s < ?", (oldest,))
                self._database.execute("DELETE FROM heard WHERE stored_s < ?", (oldest,))

    def _report(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            log.event(_logger, logging.ERROR, "journal_fails", why=trouble)
