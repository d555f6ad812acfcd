"""Processes that live with a journal: the real core, record and writer, without a broker."""

import asyncio
import contextlib
import random
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from aggregator.config import Notify
from aggregator.shell.journal.recorder import Record
from aggregator.shell.journal.rows import JournalContent, Notice, Rows
from aggregator.shell.journal.writer import Journal
from aggregator.shell.outlets.webhook import Notifier
from aggregator.shell.walltime import WallTime
from tests.aggregator.centre import HOSTS, WALL, Centre

_LAST = -1
connect = sqlite3.connect  # tests replace the one of the product


def column(path: Path, question: str) -> list[Any]:
    """Return the only column of what the database at ``path`` answers."""
    return [value for (value,) in rows(path, question)]


def rows(path: Path, question: str) -> list[tuple[Any, ...]]:
    """Return what the database at ``path`` answers."""
    with contextlib.closing(connect(path)) as database, database:
        return database.execute(question).fetchall()


class Reports:
    """A journal's reports of its orders."""

    def __init__(self) -> None:
        self.stored: list[int] = []
        self.refused: list[int] = []
        self._came = asyncio.Event()

    def open(self, path: Path, *, keep_days: float = 1) -> Journal:
        """Open the journal at ``path``, which reports here."""
        return Journal(
            path,
            name="centre",
            keep_days=keep_days,
            on_stored=self.on_stored,
            on_refused=self.on_refused,
        )

    def on_stored(self, token: int) -> None:
        """Take in that an order is stored."""
        self.stored.append(token)
        self._came.set()

    def on_refused(self, token: int) -> None:
        """Take in that the disk refused an order."""
        self.refused.append(token)
        self._came.set()

    async def until_stored(self, token: int) -> None:
        """Wait until the order with ``token`` is stored."""
        await self.until(lambda: token in self.stored)

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until a report has made it so."""
        async with asyncio.timeout(10):
            while not is_so():
                self._came.clear()
                await self._came.wait()


def visit(path: Path, *orders: Rows) -> JournalContent:
    """Open the journal at ``path``, have ``orders`` stored, close; return what was in it before."""
    journal = Reports().open(path)
    left = journal.remembered()
    for order in orders:
        journal.store(order)
    journal.close()
    return left


class _Counts:
    def settled(self, result: str, count: int) -> None: ...

    def pending(self, count: int) -> None: ...


class Noted(Notifier):
    """A webhook that is never reached: notes its notices, and those that were stored by then."""

    def __init__(self, record: Record, path: Path | None = None) -> None:
        where = Notify(webhook_url="http://127.0.0.1:9/")
        super().__init__(where, record.settle, _Counts(), rng=random.Random(1))
        self._path = path
        self.told: list[Notice] = []
        self.stored: list[str] = []

    def add(self, notices: Sequence[Notice]) -> None:
        self.told += notices
        if self._path is not None:
            self.stored = column(self._path, "SELECT id FROM outbox ORDER BY place")


class Process(Reports):
    """One process, from its start ``at`` (s) to its end, clean or not."""

    def __init__(
        self, path: Path, *, at: float = 0.0, hosts: Iterable[str] = HOSTS, tells: bool = True
    ) -> None:
        super().__init__()
        self.centre = Centre(hosts)
        self.record = Record(self.centre.watch, WallTime(at, WALL + at), name="centre")
        self.journal = self.record.journal = self.open(path, keep_days=30)
        self.noted = Noted(self.record, path)
        self.record.notifier = self.noted if tells else None
        self.record.restore(at)
        self.record.begin()
        self.centre.take()
        self._take()
        self.centre.subscribe(at)

    def live(self, start: int, end: int, *, without: Iterable[str] = ()) -> None:
        """Let all hosts but those ``without`` beat, from ``start`` until before ``end``."""
        for second in range(start, end):
            self.centre.live(second, second + 1, without=without)
            self._take()

    async def written(self) -> None:
        """Wait until all that was ordered is stored."""
        self.stored.clear()
        self.journal.store(Rows(), _LAST)
        await self.until_stored(_LAST)

    def end(self, at: float = 100.0) -> None:
        """End cleanly."""
        self.record.close(WALL + at)

    def on_stored(self, token: int) -> None:
        """Report it to the record, and to the test."""
        if token != _LAST:
            self.record.stored(token)
        super().on_stored(token)

    def on_refused(self, token: int) -> None:
        """Report it to the record, and to the test."""
        if token != _LAST:
            self.record.refused(token)
        super().on_refused(token)

    def _take(self) -> None:
        self.record.take(self.centre.events)
        self.centre.events.clear()
