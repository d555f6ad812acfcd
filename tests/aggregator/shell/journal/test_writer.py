"""What is said to be stored is stored, once, and outlives the process."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from aggregator.core.events import ReadingHeard
from aggregator.core.ledger import Page
from aggregator.shell.http.incidents import IncidentJson
from aggregator.shell.journal.rows import (
    NEXT_NUMBER,
    RECENT,
    ChangeRow,
    HostRow,
    Notice,
    Rows,
    TransitionRow,
)
from aggregator.shell.journal.writer import Journal
from venuewatch.base import clock
from venuewatch.base.wire.messages import Vitals
from venuewatch.base.wire.readings import Readings


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

    journal.store(Rows(readings=[reading(1), reading(2)]), done)
    async with asyncio.timeout(10):
        await event.wait()

    assert stored(path) == [1, 2]
    journal.close()


async def test_a_reading_that_comes_twice_is_stored_once(path: Path) -> None:
    journal = Journal(path, keep_days=1)

    journal.store(Rows(readings=[reading(1)]))
    journal.store(Rows(readings=[reading(1)]))
    journal.close()

    assert stored(path) == [1]


async def test_what_was_heard_is_known_to_the_next_process(path: Path) -> None:
    page = Page("STA-1", "vitals", "b", [(0, 4), (7, 9)])
    journal = Journal(path, keep_days=1)
    journal.store(Rows(pages=[page._replace(ranges=[(0, 4)])]))
    journal.store(Rows(pages=[page]))
    journal.close()

    again = Journal(path, keep_days=1)

    assert [(*known[:3], list(known.ranges)) for known in again.pages()] == [
        ("STA-1", "vitals", "b", [(0, 4), (7, 9)])
    ]
    again.close()


async def test_what_a_failing_disk_did_not_take_is_stored_when_it_does(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aggregator.shell.journal.writer._RETRY_AFTER_S", 0.01)
    journal = Journal(path, keep_days=1)
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("ALTER TABLE readings RENAME TO hidden")
    event, done = done_event()

    journal.store(Rows(readings=[reading(1)]), done)
    journal.store(Rows(readings=[reading(2)]))
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
    journal.store(Rows(readings=[reading(1)]))
    journal.close()
    with sqlite3.connect(path) as database:
        database.execute("UPDATE readings SET stored_s = 0")
    database.close()

    again = Journal(path, keep_days=1)
    again.store(Rows(readings=[reading(2)]))
    again.close()

    assert stored(path) == [2]


CLOSED = IncidentJson(
    number=1,
    scope="host",
    venue="STA",
    host="STA-1",
    check="",
    cause="silent",
    opened_at=1.0,
    closed_at=2.0,
)


async def test_what_is_over_is_forgotten_and_what_is_open_is_not(path: Path) -> None:
    open_still = msgspec.structs.replace(CLOSED, number=2, closed_at=None)
    told = [ChangeRow(number, 1, 1.0, "opened", "silent") for number in (1, 2)]
    walked = TransitionRow(1.0, "STA", "STA-1", "up", "down", "deadline_passed", 0.5)
    journal = Journal(path, keep_days=1)
    journal.store(Rows(incidents=[CLOSED, open_still], changes=told, transitions=[walked]))
    journal.close()

    journal = Journal(path, keep_days=1)
    journal.store(Rows(marks={NEXT_NUMBER: 3}))
    journal.close()
    again = Journal(path, keep_days=1)
    left = again.remembered()
    again.close()

    assert [incident.number for incident in left.incidents] == [2]
    assert left.told == {2: 1}
    with contextlib.closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT count(*) FROM transitions").fetchone() == (0,)
        assert database.execute("SELECT number FROM changes").fetchall() == [(2,)]


async def test_only_the_latest_of_what_is_over_is_remembered(path: Path) -> None:
    many = [
        msgspec.structs.replace(CLOSED, number=number, closed_at=clock.wall() + number)
        for number in range(1, RECENT + 11)
    ]
    journal = Journal(path, keep_days=1)
    journal.store(Rows(incidents=many))
    journal.close()

    again = Journal(path, keep_days=1)
    left = again.remembered()
    again.close()

    assert [incident.number for incident in left.incidents] == list(range(11, RECENT + 11))
    assert left.marks[NEXT_NUMBER] == RECENT + 11


async def test_a_number_is_not_given_again_when_its_incident_is_forgotten(path: Path) -> None:
    journal = Journal(path, keep_days=1)
    journal.store(Rows(incidents=[CLOSED], marks={NEXT_NUMBER: 2}))
    journal.close()

    again = Journal(path, keep_days=1)
    left = again.remembered()
    again.close()

    assert list(left.incidents) == []
    assert left.marks[NEXT_NUMBER] == 2


OLD = """
CREATE TABLE readings (
    host TEXT NOT NULL, boot TEXT NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL,
    taken_ms INTEGER NOT NULL, stored_s REAL NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (host, boot, stream, seq)
) WITHOUT ROWID;
CREATE TABLE heard (
    host TEXT NOT NULL, stream TEXT NOT NULL, boot TEXT NOT NULL,
    stored_s REAL NOT NULL, ranges BLOB NOT NULL,
    PRIMARY KEY (host, stream, boot)
) WITHOUT ROWID;
INSERT INTO heard VALUES ('STA-1', 'vitals', 'b', 4e9, '[[0,4]]');
INSERT INTO readings VALUES ('STA-1', 'b', 'vitals', 4, 1, 4e9, '{}');
"""


async def test_a_journal_of_before_there_were_incidents_is_brought_up_to_date(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.executescript(OLD)

    journal = Journal(path, keep_days=1)
    pages, left = journal.pages(), journal.remembered()
    journal.store(Rows(incidents=[msgspec.structs.replace(CLOSED, closed_at=None)]))
    journal.close()

    assert [(page.host, list(page.ranges)) for page in pages] == [("STA-1", [(0, 4)])]
    assert (list(left.incidents), list(left.hosts), left.marks) == ([], [], {NEXT_NUMBER: 1})
    assert stored(path) == [4]
    with contextlib.closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT number FROM incidents").fetchall() == [(1,)]
        assert database.execute("PRAGMA user_version").fetchone() == (1,)


async def test_a_journal_of_a_newer_venuewatch_is_left_alone(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 2")

    with pytest.raises(sqlite3.DatabaseError, match="schema 2, and this one knows 1"):
        Journal(path, keep_days=1)

    with contextlib.closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE incidents SET evidence = '[{'",
        "UPDATE incidents SET evidence = '[5]'",
        "UPDATE incidents SET scope = 'planet'",
        "UPDATE incidents SET opened_at = 'yesterday'",
        "UPDATE incidents SET cause = x'ff'",
        "UPDATE hosts SET since = 'yesterday'",
        "UPDATE marks SET value = 'x'",
        "UPDATE outbox SET body = 5",
        "UPDATE heard SET ranges = 'x'",
        "DROP TABLE hosts",
    ],
)
async def test_what_is_damaged_is_said_and_not_guessed(path: Path, damage: str) -> None:
    journal = Journal(path, keep_days=1)
    host = HostRow("STA-1", "STA", "up", 1.0, None, 1.0, 1.0, was_up=True)
    page = Page("STA-1", "vitals", "b", [(0, 4)])
    journal.store(
        Rows(
            incidents=[msgspec.structs.replace(CLOSED, closed_at=None)],
            hosts=[host],
            pages=[page],
            notices=[Notice("1-1", b"{}")],
            marks={NEXT_NUMBER: 2},
        )
    )
    journal.close()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute(damage)

    again = Journal(path, keep_days=1)

    with pytest.raises((sqlite3.Error, msgspec.MsgspecError)):
        (again.pages(), again.remembered())
    again.close()
