"""What the core says has happened is on the disk before anybody is told of it."""

import asyncio
import random
import sqlite3
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aggregator.config import Notify
from aggregator.core.events import Subject
from aggregator.shell.journal.recorder import Record
from aggregator.shell.journal.rows import Notice, Rows
from aggregator.shell.journal.writer import Journal
from aggregator.shell.outlets.webhook import Notifier
from aggregator.shell.walltime import WallTime
from tests.aggregator.centre import HOSTS, WALL, Centre
from venuewatch.base.wire.messages import Backlog, Vitals, encode
from venuewatch.base.wire.readings import Readings

STA = [name for name in HOSTS if name.startswith("STA")]


class Counts:
    def settled(self, result: str, count: int) -> None: ...

    def pending(self, count: int) -> None: ...


class Noted(Notifier):
    """Notes what is to be told, and what of it was in the journal then."""

    def __init__(self, path: Path, record: Record) -> None:
        where = Notify(webhook_url="http://127.0.0.1:9/")
        super().__init__(where, record.settle, Counts(), rng=random.Random(1))
        self._path = path
        self.told: list[Notice] = []
        self.stored: list[str] = []

    def add(self, notices: Sequence[Notice]) -> None:
        self.told += notices
        self.stored = [row[0] for row in rows(self._path, "SELECT id FROM outbox ORDER BY place")]


class Scene:
    """A core, and its record in a journal."""

    def __init__(self, path: Path, *, at: float = 0.0, tells: bool = True) -> None:
        self.centre = Centre()
        self.path = path
        self.record = Record(self.centre.watch, WallTime(at, WALL + at), name="centre")
        self.record.journal = Journal(path, keep_days=30)
        self.noted = Noted(path, self.record)
        self.record.notifier = self.noted if tells else None
        self.record.restore(at)
        self.record.begin()
        self.centre.subscribe(at)

    def live(self, start: int, end: int, *, without: Sequence[str] = ()) -> None:
        for second in range(start, end):
            self.centre.live(second, second + 1, without=without)
            self.record.take(self.centre.events)
            self.centre.events.clear()

    def close(self) -> None:
        self.record.close(WALL + 100)

    async def written(self) -> None:
        event = asyncio.Event()
        assert self.record.journal is not None
        self.record.journal.store(Rows(), event.set)
        async with asyncio.timeout(10):
            await event.wait()


def rows(path: Path, question: str) -> list[tuple[Any, ...]]:
    database = sqlite3.connect(path)
    try:
        return database.execute(question).fetchall()
    finally:
        database.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


async def test_whoever_is_told_is_told_of_what_is_on_the_disk(path: Path) -> None:
    scene = Scene(path)
    scene.live(0, 10)
    scene.live(10, 14, without=["STA-1"])
    await scene.written()

    assert [notice.id for notice in scene.noted.told] == scene.noted.stored == ["1-1"]
    told = msgspec.json.decode(scene.noted.told[0].body)
    assert (told["id"], told["change"], told["aggregator"]) == ("1-1", "opened", "centre")
    assert told["incident"]["opened_at"] == WALL + 11.75
    scene.close()


async def test_whoever_is_to_be_told_is_told_even_if_the_disk_is_full(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aggregator.shell.journal.writer._RETRY_AFTER_S", 0.01)
    scene = Scene(path)
    scene.live(0, 10)
    await scene.written()
    rows(path, "ALTER TABLE outbox RENAME TO hidden")

    scene.live(10, 14, without=["STA-1"])
    async with asyncio.timeout(10):
        while not scene.noted.told:  # noqa: ASYNC110 - the disk has no event for it
            await asyncio.sleep(0.01)
    rows(path, "ALTER TABLE hidden RENAME TO outbox")
    await scene.written()
    scene.close()

    assert [notice.id for notice in scene.noted.told] == ["1-1"]
    assert rows(path, "SELECT id FROM outbox") == [("1-1",)]


async def test_what_was_delivered_waits_no_more(path: Path) -> None:
    scene = Scene(path)
    scene.live(0, 10)
    scene.live(10, 16, without=["STA-1"])
    scene.live(16, 20)

    scene.record.settle(["1-1"])
    scene.close()

    assert rows(path, "SELECT id FROM outbox") == [("1-2",)]


async def test_what_waits_is_told_by_the_next_process_in_its_order(path: Path) -> None:
    scene = Scene(path)
    scene.live(0, 10)
    scene.live(10, 16, without=["STA-1", "AQU-1"])
    scene.live(16, 20)
    scene.close()

    again = Scene(path, at=50)

    ids = [notice.id for notice in again.noted.told]
    assert sorted(ids) == ["1-1", "1-2", "2-1", "2-2"]
    assert ids.index("1-1") < ids.index("1-2")
    again.close()


async def test_nothing_waits_for_a_webhook_that_is_no_longer_configured(path: Path) -> None:
    scene = Scene(path)
    scene.live(0, 10)
    scene.live(10, 14, without=["STA-1"])
    scene.close()

    Scene(path, at=50, tells=False).close()

    assert rows(path, "SELECT * FROM outbox") == []


async def test_the_changes_of_an_incident_are_counted_on_across_a_restart(path: Path) -> None:
    scene = Scene(path)
    scene.live(0, 10)
    scene.live(10, 14, without=["STA-1"])
    scene.close()

    again = Scene(path, at=50)
    again.live(50, 60)
    again.close()

    changes = rows(path, "SELECT number, seq, at, change, cause FROM changes ORDER BY 1, 2")
    assert changes == [
        (1, 1, WALL + 11.75, "opened", "silent"),
        (1, 2, WALL + 52, "closed", "silent"),
    ]


async def test_a_correction_changes_the_record_and_tells_nobody(path: Path) -> None:
    scene = Scene(path)
    scene.live(0, 10)
    scene.live(10, 14, without=["STA-1"])
    scene.live(14, 20)
    late = Vitals("a", 1, 15, int((WALL + 12.5) * 1000), Readings(node_load1=1.0))
    backlog = encode(Backlog(boot="a", session=1, number=3, vitals=[late]))
    acknowledged = asyncio.Event()

    scene.centre.watch.hear(
        "venuewatch/v1/STA/STA-1/backlog", backlog, is_retained=False, now=21, wall=WALL + 21
    )
    scene.record.take(scene.centre.watch.events(), acknowledged.set)
    async with asyncio.timeout(10):
        await acknowledged.wait()

    (alive,) = rows(path, "SELECT alive FROM incidents")
    at = WALL + 12.5
    assert msgspec.json.decode(alive[0]) == [
        {"host": "STA-1", "start": at, "end": at, "readings": 1}
    ]
    assert rows(path, "SELECT host, seq FROM readings") == [("STA-1", 15)]
    assert rows(path, "SELECT change FROM changes ORDER BY seq") == [("opened",), ("closed",)]
    assert len(scene.noted.told) == 2
    scene.close()


async def test_who_is_adopted_by_a_venues_incident_is_written_down_though_untold(
    path: Path,
) -> None:
    scene = Scene(path)
    scene.live(0, 10)
    scene.live(10, 14, without=STA)

    scene.centre.watch.incidents.adopt(Subject("venue", "STA"), ["STA-6"])
    scene.record.take([])
    scene.close()

    (told,) = rows(path, "SELECT children FROM incidents WHERE scope = 'venue'")
    assert msgspec.json.decode(told[0]) == [*STA, "STA-6"]
    assert rows(path, "SELECT change FROM changes") == [("opened",)]


async def test_late_is_no_transition_of_the_record(path: Path) -> None:
    scene = Scene(path)
    scene.live(0, 10)
    scene.live(10, 11, without=["STA-1"])
    scene.live(11, 20)
    scene.close()

    walked = rows(path, "SELECT before, after, why FROM transitions WHERE host = 'STA-1'")
    assert walked == [("unknown", "up", "beat")]


async def test_our_own_absence_is_in_the_record_of_who_was_up(path: Path) -> None:
    scene = Scene(path)
    scene.live(0, 10)
    scene.record.save(WALL + 10)
    await scene.written()
    assert scene.record.journal is not None
    scene.record.journal.close()

    again = Scene(path, at=50)
    again.live(50, 52)
    again.close()

    walked = rows(path, "SELECT at, before, after FROM transitions WHERE host = 'STA-1'")
    assert walked == [
        (WALL, "unknown", "up"),
        (WALL + 10, "up", "unknown"),
        (WALL + 50, "unknown", "up"),
    ]


async def test_without_a_journal_whoever_is_to_be_told_is_told_at_once() -> None:
    centre = Centre()
    record = Record(centre.watch, WallTime(0.0, WALL), name="centre")
    told: list[Notice] = []

    class Direct(Notifier):
        def add(self, notices: Sequence[Notice]) -> None:
            told.extend(notices)

    where = Notify(webhook_url="http://127.0.0.1:9/")
    record.notifier = Direct(where, record.settle, Counts(), rng=random.Random(1))
    acknowledged: list[str] = []

    centre.subscribe(0.0)
    centre.live(0, 10)
    centre.live(10, 14, without=["STA-1"])
    record.take(centre.events, partial(acknowledged.append, "now"))

    assert [notice.id for notice in told] == ["1-1"]
    assert acknowledged == ["now"]


async def test_whose_host_has_left_the_inventory_is_closed_once_and_for_ever(path: Path) -> None:
    scene = Scene(path)
    scene.live(0, 10)
    scene.live(10, 14, without=["STA-1"])
    scene.close()

    told = []
    for at in (50, 60):
        centre = Centre(HOSTS[1:])
        record = Record(centre.watch, WallTime(at, WALL + at), name="centre")
        record.journal = Journal(path, keep_days=30)
        record.restore(at)
        record.begin()
        centre.take()
        record.take(centre.events)
        record.close(WALL + at + 5)
        told.append(centre.told())

    assert told == [[("closed", "STA-1", "silent")], []]
    assert rows(path, "SELECT closed_at FROM incidents") == [(WALL + 50,)]
