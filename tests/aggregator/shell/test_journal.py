"""What is said to be stored is stored, once, and outlives the process."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from aggregator.core.events import ReadingHeard
from aggregator.core.ledger import Page
from aggregator.shell.journal import Journal
from venuewatch.wire.messages import Vitals
from venuewatch.wire.readings import Readings


def reading(seq: int) -> ReadingHeard:
    vitals = Vitals(boot="b", session=1, seq=seq, wall_ms=seq, readings=Readings(node_load1=seq))
    return ReadingHeard("STA-1", "b", "vitals", seq, seq, vitals)


def stored(path: Path) -> list[int]:
    with sqlite3.connect(path) as database:
        rows = database.execute("SELECT seq FROM readings ORDER BY seq").fetchall()
    database.close()
    return [seq for (seq,) in rows]


def done_event() -> tuple[asyncio.Event, Callable[[], None]]:
    event = asyncio.Event()
    return event, event.set


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


async def test_done_is_said_after_the_commit(path: Path) -> None:
    journal = Journal(path, keep_days=1)
    event, done = done_event()

    journal.store([reading(1), reading(2)], [], done)
    async with asyncio.timeout(10):
        await event.wait()

    assert stored(path) == [1, 2]
    journal.close()


async def test_a_reading_that_comes_twice_is_stored_once(path: Path) -> None:
    journal = Journal(path, keep_days=1)

    journal.store([reading(1)], [])
    journal.store([reading(1)], [])
    journal.close()

    assert stored(path) == [1]


async def test_what_was_heard_is_known_to_the_next_process(path: Path) -> None:
    page = Page("STA-1", "vitals", "b", [(0, 4), (7, 9)])
    journal = Journal(path, keep_days=1)
    journal.store([], [page._replace(ranges=[(0, 4)])])
    journal.store([], [page])
    journal.close()

    again = Journal(path, keep_days=1)

    assert [(*known[:3], list(known.ranges)) for known in again.pages()] == [
        ("STA-1", "vitals", "b", [(0, 4), (7, 9)])
    ]
    again.close()


async def test_what_a_failing_disk_did_not_take_is_stored_when_it_does(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aggregator.shell.journal._RETRY_AFTER_S", 0.01)
    journal = Journal(path, keep_days=1)
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("ALTER TABLE readings RENAME TO hidden")
    event, done = done_event()

    journal.store([reading(1)], [], done)
    journal.store([reading(2)], [])
    was_said_too_early = event.is_set()
    blocker.execute("ALTER TABLE hidden RENAME TO readings")
    blocker.close()
    async with asyncio.timeout(10):
        await event.wait()
    journal.close()

    assert not was_said_too_early
    assert stored(path) == [1, 2]


async def test_what_is_too_old_is_forgotten(path: Path) -> None:
    journal = Journal(path, keep_days=1)
    journal.store([reading(1)], [])
    journal.close()
    with sqlite3.connect(path) as database:
        database.execute("UPDATE readings SET stored_s = 0")
    database.close()

    again = Journal(path, keep_days=1)
    again.store([reading(2)], [])
    again.close()

    assert stored(path) == [2]
