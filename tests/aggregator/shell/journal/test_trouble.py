"""Trouble with the file: nothing of it stops the journal, and what was lost is told."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from aggregator.shell.journal.rows import NEXT_NUMBER, ChangeRow, Rows
from aggregator.shell.journal.salvage import Salvage
from tests.aggregator.shell.journal.damage import BROKEN, Damage, locked
from tests.aggregator.shell.journal.process import Reports, column, rows, visit
from tests.aggregator.shell.journal.schemas import incident
from venuewatch.base import clock

QUICK = {
    "writer._RETRY_AFTER_S": 0.01,
    "writer._REST_S": 0.0,
    "file.BUSY_S": 0.01,
}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in QUICK.items():
        monkeypatch.setattr(f"aggregator.shell.journal.{name}", value)


def opened(number: int) -> Rows:
    return Rows(
        incidents=[incident(number, f"STA-{number}")],
        changes=[ChangeRow(number, 1, clock.wall(), "opened", "silent")],
        marks={NEXT_NUMBER: number + 1},
    )


def deleted(path: Path) -> None:
    for end in ("", "-wal", "-shm"):
        path.with_name(f"{path.name}{end}").unlink(missing_ok=True)


def replaced(path: Path) -> None:
    other = path.with_name("other")
    visit(other, opened(77))
    other.replace(path)


def without_wal(path: Path) -> None:
    path.with_name(f"{path.name}-wal").unlink()


def emptied(path: Path) -> None:
    os.truncate(path, 0)


def refuse(_thread: Salvage) -> None:
    raise RuntimeError("can't start new thread")


@pytest.fixture
async def filled(path: Path) -> Path:
    """Return the path of a journal with some incidents, closed."""
    visit(path, *(opened(number) for number in range(1, 200)))
    return path


@pytest.mark.parametrize("damage", BROKEN.values(), ids=BROKEN.keys())
async def test_a_broken_journal_is_set_aside_at_the_start(filled: Path, damage: Damage) -> None:
    damage(filled)
    began = clock.monotonic()

    reports = Reports()
    journal = reports.open(filled)
    left = journal.remembered()
    took_s = clock.monotonic() - began
    journal.store(opened(left_number := int(left.marks[NEXT_NUMBER])), 1)
    await reports.until_stored(1)
    await reports.until(lambda: bool(reports.lost))
    journal.close()

    assert took_s < 2.0
    assert reports.refused == []
    assert left_number >= 200
    assert column(filled, "SELECT number FROM incidents") == [left_number]
    assert filled.with_name(f"{filled.name}.broken-1").exists()
    assert reports.lost[0][1] == f"{filled.name}.broken-1"


WHILE_RUNNING = {
    "deleted": deleted,
    "replaced": replaced,
    "without its WAL": without_wal,
    "emptied": emptied,
    **{name: BROKEN[name] for name in ("garbage", "zeros", "cut in half", "no incidents")},
}


@pytest.mark.parametrize("damage", WHILE_RUNNING.values(), ids=WHILE_RUNNING.keys())
async def test_a_journal_that_breaks_underneath_is_begun_anew(path: Path, damage: Damage) -> None:
    reports = Reports()
    journal = reports.open(path)
    for number in range(1, 100):
        journal.store(opened(number), number)
    await reports.until_stored(99)
    rows(path, "PRAGMA wal_checkpoint(PASSIVE)")

    damage(path)
    for number in range(100, 400):
        journal.store(opened(number), number)
        await reports.until_stored(number)
        if reports.lost:
            break
    await reports.until(lambda: bool(reports.lost))
    journal.close()

    assert reports.lost
    assert reports.stored[-1] in column(path, "SELECT number FROM incidents")


@pytest.mark.parametrize("how", ["IMMEDIATE", "EXCLUSIVE"])
async def test_a_locked_journal_stays_and_is_tried_again(filled: Path, how: str) -> None:
    reports = Reports()
    began = clock.monotonic()
    with locked(filled, how):
        journal = reports.open(filled)
        left = journal.remembered()
        took_s = clock.monotonic() - began
        journal.store(opened(500), 500)
        await reports.until(lambda: 500 in reports.refused)
    await reports.until_stored(500)
    journal.close()

    assert took_s < 2.0
    assert [why for why in reports.failing if why] == ["database is locked"]
    assert reports.failing[-1] is None
    assert sorted(column(filled, "SELECT number FROM incidents"))[-2:] == [199, 500]
    assert left.marks[NEXT_NUMBER] == 200
    assert list(filled.parent.glob("*broken*")) == []


@contextmanager
def in_no_folder(path: Path) -> Iterator[None]:
    folder = path.parent
    folder.rename(f"{folder}-away")
    yield
    folder.with_name(f"{folder.name}-away").rename(folder)


@contextmanager
def of_another_kind(path: Path) -> Iterator[None]:
    kept = path.with_name("kept")
    path.rename(kept)
    os.mkfifo(path)
    yield
    path.unlink()
    kept.rename(path)


@pytest.mark.parametrize("hindered", [in_no_folder, of_another_kind])
async def test_a_journal_that_can_not_be_opened_is_tried_again(
    filled: Path, hindered: Callable[[Path], AbstractContextManager[None]]
) -> None:
    reports = Reports()
    with hindered(filled):
        journal = reports.open(filled)
        left = journal.remembered()
        number = int(left.marks[NEXT_NUMBER])
        journal.store(opened(number), 1)
        await reports.until(lambda: 1 in reports.refused)
    await reports.until_stored(1)
    journal.close()

    assert number > 200
    assert len(column(filled, "SELECT number FROM incidents")) == 200


async def test_a_full_journal_stays_and_is_tried_again(filled: Path) -> None:
    reports = Reports()
    journal = reports.open(filled)
    journal.remembered()
    database = journal._file.database  # type: ignore[union-attr]  # noqa: SLF001
    (pages,) = database.execute("PRAGMA page_count").fetchone()
    database.execute(f"PRAGMA max_page_count = {pages}")

    for number in range(500, 600):
        journal.store(opened(number), number)
    await reports.until(lambda: 599 in reports.refused)
    database.execute("PRAGMA max_page_count = 1000000")
    await reports.until_stored(599)
    journal.close()

    assert [why for why in reports.failing if why] == ["database or disk is full"]
    assert len(column(filled, "SELECT number FROM incidents")) == 299


async def test_a_journal_that_becomes_read_only_stays_and_is_tried_again(filled: Path) -> None:
    reports = Reports()
    journal = reports.open(filled)
    journal.remembered()
    database = journal._file.database  # type: ignore[union-attr]  # noqa: SLF001
    database.execute("PRAGMA query_only = 1")  # as of a disk that the kernel mounts anew

    journal.store(opened(500), 500)
    await reports.until(lambda: 500 in reports.refused)
    database.execute("PRAGMA query_only = 0")
    await reports.until_stored(500)
    journal.close()

    assert [why for why in reports.failing if why] == ["attempt to write a readonly database"]
    assert len(column(filled, "SELECT number FROM incidents")) == 200
    assert list(filled.parent.glob("*broken*")) == []


async def test_sound_rows_come_in_later(filled: Path) -> None:
    BROKEN["no hosts"](filled)
    reports = Reports()
    journal = reports.open(filled)
    journal.remembered()

    journal.store(opened(500), 500)
    journal.end_others([500, *range(1, 100)])
    await reports.until(lambda: len(reports.notices) >= 199)
    journal.close()

    closed = "SELECT count(*) FROM incidents WHERE closed_at IS NOT NULL"
    assert column(filled, "SELECT count(*) FROM incidents") == [200]
    assert column(filled, closed) == [199]
    assert column(filled, "SELECT count(*) FROM changes") == [200 + 199]
    assert {notice.id for notice in reports.notices} == set(column(filled, "SELECT id FROM outbox"))


async def test_sound_rows_that_found_no_thread_come_in_with_a_later_order(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    BROKEN["no hosts"](filled)
    reports = Reports()
    journal = reports.open(filled)
    journal.remembered()
    with monkeypatch.context() as patched:
        patched.setattr(Salvage, "start", refuse)
        journal.store(opened(500), 500)
        journal.end_others([500, *range(1, 100)])
        journal.store(opened(501), 501)
        await reports.until_stored(501)

    journal.store(opened(502), 502)
    await reports.until(lambda: len(reports.notices) >= 199)
    journal.close()

    assert [why for why in reports.failing if why] == []
    assert column(filled, "SELECT count(*) FROM incidents") == [202]
    assert column(filled, "SELECT count(*) FROM changes") == [202 + 199]


async def test_three_broken_journals_are_kept(path: Path) -> None:
    for number in range(1, 6):
        visit(path, opened(number))
        BROKEN["garbage"](path)
    visit(path)

    kept = sorted(file.name for file in path.parent.glob("*.broken-*"))
    assert kept == [f"{path.name}.broken-{number}" for number in (3, 4, 5)]


async def test_a_second_loss_leads_to_other_numbers(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit(path, opened(1))
    BROKEN["garbage"](path)
    first = visit(path).marks[NEXT_NUMBER]
    BROKEN["garbage"](path)
    later = clock.wall() + 120.0
    monkeypatch.setattr(clock, "wall", lambda: later)

    assert visit(path).marks[NEXT_NUMBER] > first > 1_000_000
