"""Operators' tools on a journal, stopped or in use: what they leave sound is no loss."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

import pytest

from aggregator.shell.journal.rows import HostRow, Rows
from tests.aggregator.shell.journal.damage import cut
from tests.aggregator.shell.journal.process import Reports, column, visit
from tests.aggregator.shell.journal.schemas import incident

Tool: TypeAlias = Callable[[Path], None]

GONE = [f"STA-{number}" for number in range(2_000)]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aggregator.shell.journal.writer._RETRY_AFTER_S", 0.01)


@pytest.fixture
async def roomy(path: Path) -> Path:
    """Return the path of a journal that has one incident, and much free space."""
    hosts = [HostRow(name, "STA", "up", 1.0, None, 1.0, 1.0, was_up=True) for name in GONE]
    visit(path, Rows(incidents=[incident(1, "STA-1")], hosts=hosts))
    visit(path, Rows(gone=GONE))
    return path


def said(path: Path, *words: str) -> None:
    """Do as ``sqlite3 PATH WORDS`` does."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for each in words:
            database.execute(each).fetchall()


def backed_up(path: Path) -> None:
    """Move a backup to where the journal was."""
    backup = path.with_name("backup")
    with closing(sqlite3.connect(path)) as database, closing(sqlite3.connect(backup)) as other:
        database.backup(other)
    backup.replace(path)


def restored(path: Path) -> None:
    """Copy a backup into the journal, which stays the same file."""
    backup = path.with_name("backup")
    said(path, f"VACUUM INTO '{backup}'")
    with closing(sqlite3.connect(path)) as database, closing(sqlite3.connect(backup)) as other:
        other.backup(database)


def doing(words: str) -> Tool:
    return lambda path: said(path, *words.split("; "))


SOUND = {
    **{
        words: doing(words)
        for words in (
            "VACUUM",
            "VACUUM; PRAGMA wal_checkpoint(TRUNCATE)",
            "PRAGMA auto_vacuum = FULL; VACUUM; PRAGMA wal_checkpoint(RESTART)",
            "PRAGMA wal_checkpoint(TRUNCATE)",
            "ANALYZE; REINDEX; PRAGMA optimize",
            "SELECT * FROM incidents",
        )
    },
    "a backup copied in": restored,
}
STOPPED = {
    **SOUND,
    "a backup moved in": backed_up,
    "other pages": doing("PRAGMA journal_mode = DELETE; PRAGMA page_size = 16384; VACUUM"),
    "no WAL": doing("PRAGMA journal_mode = TRUNCATE"),
}


def check_sound(path: Path, reports: Reports) -> None:
    assert (reports.lost, [why for why in reports.failing if why]) == ([], [])
    assert column(path, "SELECT number FROM incidents ORDER BY number") == [1, 2]
    assert list(path.parent.glob("*.broken-*")) == []


@pytest.mark.parametrize("tool", SOUND.values(), ids=SOUND.keys())
async def test_a_tool_on_a_journal_in_use_is_no_loss(roomy: Path, tool: Tool) -> None:
    reports = Reports()
    journal = reports.open(roomy)
    journal.store(Rows(marks={"alive_at": 1.0}), 1)
    await reports.until_stored(1)

    tool(roomy)
    for number in range(2, 6):  # the shrunk file comes to light with a look
        journal.store(Rows(incidents=[incident(2, "STA-2")]), number)
        await reports.until_stored(number)
    journal.close()

    check_sound(roomy, reports)


@pytest.mark.parametrize("tool", STOPPED.values(), ids=STOPPED.keys())
async def test_a_tool_on_a_stopped_journal_is_no_loss(roomy: Path, tool: Tool) -> None:
    tool(roomy)

    reports = Reports()
    journal = reports.open(roomy)
    left = journal.remembered()
    journal.store(Rows(incidents=[incident(2, "STA-2")]), 1)
    await reports.until_stored(1)
    journal.close()

    assert [each.number for each in left.incidents] == [1]
    check_sound(roomy, reports)


async def test_a_journal_read_by_another_at_the_start_is_well(roomy: Path) -> None:
    reports = Reports()
    with closing(sqlite3.connect(roomy, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM incidents").fetchall()
        journal = reports.open(roomy)
        left = journal.remembered()
        journal.store(Rows(incidents=[incident(2, "STA-2")]), 1)
        await reports.until_stored(1)
    journal.close()

    assert [each.number for each in left.incidents] == [1]
    check_sound(roomy, reports)


async def test_a_journal_cut_short_after_a_tool_is_a_loss(roomy: Path) -> None:
    reports = Reports()
    journal = reports.open(roomy)
    journal.store(Rows(incidents=[incident(2, "STA-2")]), 1)
    await reports.until_stored(1)
    said(roomy, "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)")
    cut(roomy)

    journal.store(Rows(incidents=[incident(3, "STA-3")]), 2)
    await reports.until(lambda: bool(reports.lost))
    journal.close()

    assert reports.lost == [(f"{roomy.name} was cut short", f"{roomy.name}.broken-1")]


async def test_another_file_in_its_place_is_a_loss_and_told(roomy: Path) -> None:
    reports = Reports()
    journal = reports.open(roomy)
    journal.store(Rows(incidents=[incident(2, "STA-2")]), 1)
    await reports.until_stored(1)

    backed_up(roomy)
    journal.store(Rows(incidents=[incident(3, "STA-3")]), 2)
    await reports.until(lambda: bool(reports.lost))
    journal.close()

    assert reports.lost == [(f"{roomy.name} was replaced", f"{roomy.name}.broken-1")]
