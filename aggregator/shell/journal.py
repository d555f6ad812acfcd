"""What must outlive this process, in SQLite: for now the readings that came late.

One thread owns the database. ``store`` returns at once; its callback runs on the event loop only
after the commit, so that whoever is told «stored» can rely on it. A disk that fails is retried
with the next batch, said once, and acknowledges nothing meanwhile.
"""

import asyncio
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from aggregator.core.events import ReadingHeard
from venuewatch import clock, log
from venuewatch.wire.messages import encode

DAY_S = 86_400.0
_FORGET_EVERY_S = 3_600.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS readings (
    host TEXT NOT NULL, boot TEXT NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL,
    taken_ms INTEGER NOT NULL, stored_s REAL NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (host, boot, stream, seq)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS readings_by_age ON readings (stored_s);
"""

_logger = logging.getLogger("aggregator.journal")


class _Order(NamedTuple):
    readings: Sequence[ReadingHeard]
    done: Callable[[], None]


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

    def store(self, readings: Sequence[ReadingHeard], done: Callable[[], None]) -> None:
        """Have readings stored, each once, and ``done`` called on the loop when they are."""
        self._orders.put(_Order(readings, done))

    def close(self) -> None:
        """Store what was ordered, and close."""
        self._orders.put(None)
        self._thread.join()
        self._database.close()

    def _serve(self) -> None:
        while (order := self._orders.get()) is not None:
            try:
                self._write(order.readings)
            except sqlite3.Error as error:
                self._database.rollback()
                self._report(str(error))
            else:
                self._trouble = None
                self._loop.call_soon_threadsafe(order.done)

    def _write(self, readings: Sequence[ReadingHeard]) -> None:
        now = clock.wall()
        with self._database:
            self._database.executemany(
                "INSERT OR IGNORE INTO readings VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (one.host, one.boot, one.stream, one.seq, one.wall_ms, now, encode(one.message))
                    for one in readings
                ],
            )
            if now >= self._forget_at:
                self._forget_at = now + _FORGET_EVERY_S
                oldest = now - self._keep_s
                self._database.execute("DELETE FROM readings WHERE stored_s < ?", (oldest,))

    def _report(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            log.event(_logger, logging.ERROR, "journal_fails", why=trouble)
