"""Process: the real centre and journal, driven as the product drives them, without a broker."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from aggregator.config import JournalConfig
from aggregator.core.outputs import Store, Tell
from aggregator.core.storing import Number
from aggregator.shell.journal.rows import JournalContent, Notice, Rows
from aggregator.shell.journal.writer import Journal
from aggregator.shell.journal.writer import Reports as Reported
from aggregator.shell.outlets.journal import Inlets, JournalOutlet
from aggregator.shell.outlets.webhook import notice, notice_of
from aggregator.shell.walltime import WallTime
from tests.kit.machine import WALL
from tests.kit.story import Story
from tests.kit.waiting import Waiting

STA = ("STA-1", "STA-2", "STA-3", "STA-4", "STA-5")
AQU = ("AQU-1", "AQU-2")
HOSTS = STA + AQU
VENUES = {"STA": STA, "AQU": AQU}
connect = sqlite3.connect  # tests replace the one of the product

_LAST = -1


def column(path: Path, question: str) -> list[Any]:
    """Return the only column of the answer of the database at ``path``."""
    return [value for (value,) in rows(path, question)]


def rows(path: Path, question: str) -> list[tuple[Any, ...]]:
    """Return the answer of the database at ``path``."""
    with contextlib.closing(connect(path)) as database, database:
        return database.execute(question).fetchall()


def walks(path: Path, order: str = "rowid") -> Iterator[tuple[list[str], list[str]]]:
    """Yield the states before and after each transition of each host; late is up."""
    for name in HOSTS:
        question = f"SELECT before, after FROM transitions WHERE host = '{name}' ORDER BY {order}"  # noqa: S608
        walked = rows(path, question)
        yield [before.replace("late", "up") for before, _ in walked], [after for _, after in walked]


class Reports(Waiting):
    """A journal's reports of its orders."""

    def __init__(self) -> None:
        super().__init__()
        self.stored: list[int] = []
        self.refused: list[int] = []
        self.dropped: list[tuple[Sequence[int], Sequence[Number]]] = []
        self.failing: list[str | None] = []
        self.lost: list[tuple[str, str]] = []
        self.notices: list[Notice] = []
        self.has_room: list[bool] = []

    def open(self, path: Path, **more: Any) -> Journal:
        """Open the journal at ``path``, which reports here."""
        return Journal(
            path,
            closing_notice=partial(notice, "closed", aggregator="centre", url_of=str),
            **{"keep_days": 1, "max_bytes": 2**31, **more},
            reports=Reported(
                stored=self.on_stored,
                refused=self.on_refused,
                dropped=lambda *what: self._note_in(self.dropped, what),
                failing=lambda why: self._note_in(self.failing, why),
                lost=lambda *what: self._note_in(self.lost, what),
                notices=lambda found: self._note_in(self.notices, *found),
                has_room=lambda has_room: self._note_in(self.has_room, has_room),
            ),
        )

    def _note_in(self, noted: list[Any], *what: Any) -> None:
        noted += what
        self.note()

    def on_stored(self, tokens: Sequence[int]) -> None:
        self.stored += tokens
        self.note()

    def on_refused(self, token: int) -> None:
        self.refused.append(token)
        self.note()

    async def until_stored(self, token: int) -> None:
        """Wait until the order with ``token`` is stored."""
        await self.until(lambda: token in self.stored)


def visit(path: Path, *orders: Rows) -> JournalContent:
    """Open the journal at ``path``, have ``orders`` stored, close; return what was in it before."""
    journal = Reports().open(path)
    left = journal.remembered()
    for order in orders:
        journal.store(order)
    journal.close()
    return left


class Process(Story):
    """One process, from its start ``at`` (s) to its end, clean or not.

    It ``tells`` trouble with its journal as incidents, or does not.

    Attributes:
        told: the notices that the webhook got.
        outbox: the ids in the journal's outbox when it got the last one.
    """

    def __init__(
        self,
        path: Path,
        *,
        at: float = 0.0,
        names: Mapping[str, Sequence[str]] = VENUES,
        tells: bool = True,
    ) -> None:
        super().__init__(names, addresses=False, start=at)
        self.stores = None  # the journal answers
        self.reports = Reports()
        self.told: list[Notice] = []
        self.outbox: list[str] = []
        self._path = path
        self.wall = wall = WallTime(at, WALL + at)
        self._notice_of = partial(notice_of, wall=wall, aggregator="centre", url_of=str)
        self.journal = JournalOutlet(
            JournalConfig(path=str(path)),
            wall,
            Inlets(
                self._note_stored,
                partial(self._answer, self.centre.not_stored, self.reports.on_refused),
                partial(self._act, self.centre.not_kept),
                self.centre.intake.take_backlogs,
                partial(self._act, self.centre.begin_trouble) if tells else lambda *_: None,
                partial(self._act, self.centre.end_trouble),
                self._store_all,
            ),
            closing_notice=partial(notice, "closed", aggregator="centre", url_of=str),
            notice_of=self._notice_of,
            waiting=lambda: tuple(self.told),
            send=self.told.extend,
        )
        memory, notices = self.journal.left()
        self.centre.restore(at, memory)
        self.told += notices
        self.open()

    def live(self, until: float, *, without: Iterable[str] = ()) -> None:
        """Let all hosts but those ``without`` beat until ``until``."""
        self.unmute(*self.machines)
        self.mute(*set(without) & set(self.machines))
        self.run(until - self.now)

    async def written(self) -> None:
        """Wait until everything that was ordered is stored."""
        self.reports.stored.clear()
        self.journal.take([Store(_LAST, self.now)])
        await self.reports.until_stored(_LAST)

    def die(self) -> None:
        """End without a last word; what was ordered is stored."""
        self.journal.close()

    def end(self) -> None:
        """End cleanly."""
        self.centre.stop(self.now)
        self._collect()
        self.journal.close()

    def _collect(self) -> None:
        super()._collect()
        said = self.said()
        self.journal.take(said)
        notices = [self._notice_of(out.changed) for out in said if isinstance(out, Tell)]
        if notices:
            self.told += notices
            self.outbox = column(self._path, "SELECT id FROM outbox ORDER BY place")

    def _act(self, inlet: Callable[..., None], *about: Any) -> None:
        inlet(self.now, *about)
        self._collect()

    def _store_all(self, then: Callable[[Iterable[int]], None]) -> None:
        centre = self.centre
        numbers = [incident.number for incident in centre.decisions.store.known()]
        self._act(centre.store_again, [host.name for host in centre.fleet], numbers)
        then([incident.number for incident in centre.decisions.store.open.values()])

    def _note_stored(self, tokens: Sequence[int]) -> None:
        for token in tokens:
            self._answer(self.centre.stored, lambda each: self.reports.on_stored([each]), token)

    def _answer(
        self, inlet: Callable[..., None], report: Callable[[int], None], token: int
    ) -> None:
        if token != _LAST:
            inlet(self.now, token)
            self._collect()
        report(token)
