"""Upkeep: the journal keeps its bound, incidents go last, and space goes back to the disk."""

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from aggregator.shell.journal import late_readings, upkeep
from aggregator.shell.journal.file import connect
from aggregator.shell.journal.late_readings import ReadingRow
from aggregator.shell.journal.lived import Lived
from aggregator.shell.journal.rows import ChangeRow, Rows, TransitionRow, write
from aggregator.shell.journal.schema import migrate
from aggregator.shell.journal.upkeep import Figures, Upkeep
from aggregator.shell.journal.writer import Journal
from tests.aggregator.shell.journal.damage import live_on
from tests.aggregator.shell.journal.late import KNOWN, late, order
from tests.aggregator.shell.journal.process import Reports, column, rows, visit
from tests.aggregator.shell.journal.schemas import OLD, incident, load
from tests.aggregator.shell.journal.test_late_readings import of_before, old_row
from tests.kit.waiting import until
from venuewatch.base import clock

MB = 1_000_000
BOUND, MOST = 20 * MB, 24 * MB
NOW, WALL = 100.0, 1.8e9
BACKWARD = "UPDATE readings SET stored_s = 2e9 - place"
"""The clock as if it had been set back before each reading."""

Open: TypeAlias = Callable[..., Upkeep]


@pytest.fixture
def database(path: Path) -> Iterator[sqlite3.Connection]:
    """Return a new journal, made as the writer makes it."""
    with closing(connect(path)) as database:
        upkeep.prepare(database)
        migrate(database)
        database.execute("PRAGMA journal_mode = WAL")
        yield database


@pytest.fixture
def opened(database: sqlite3.Connection) -> Open:
    """Return what begins the upkeep of the journal."""

    def begin(**more: Any) -> Upkeep:
        with database:
            lived = Lived(database, NOW, WALL)
        return Upkeep(database, lived, **{"keep_s": 1e9, "max_bytes": 10 * MB, **more})

    return begin


def settle(kept: Upkeep, now: float = NOW) -> int:
    """Do steps until there is no more to do; return how many."""
    kept.is_due = True
    steps = 0
    while kept.is_due:
        kept.step(now)
        steps += 1
        assert steps < 10_000
    return steps


def stored(database: sqlite3.Connection, *orders: Rows) -> None:
    with database:
        for each in orders:
            write(database, each)


def readings(first: int, end: int) -> Rows:
    return order(*(late(seq) for seq in range(first, end)), at=WALL)


def count(database: sqlite3.Connection, table: str) -> int:
    (found,) = database.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
    return int(found)


def on_disk(path: Path) -> int:
    return sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*"))


def opened_and_closed(number: int) -> Rows:
    end = None if number % 10 == 0 else WALL + number
    return Rows(
        incidents=[incident(number, f"STA-{number}", closed_at=end)],
        changes=[ChangeRow(number, seq, WALL, "opened", "silent") for seq in range(1, 4)],
        transitions=[TransitionRow(WALL, "STA", "STA-1", "up", "down", "x" * 500, None)] * 5,
        at=WALL,
    )


@pytest.mark.parametrize("before", ["", BACKWARD], ids=["clock is right", "clock goes back"])
def test_oldest_late_readings_go_first_whatever_the_clock_said(
    database: sqlite3.Connection, opened: Open, before: str
) -> None:
    stored(database, *(readings(at, at + 500) for at in range(0, 4_000, 500)))
    with database:
        database.execute(before)

    kept = opened(max_bytes=2 * MB)
    settle(kept)

    left = [seq for (seq,) in database.execute("SELECT seq FROM readings ORDER BY seq")]
    assert 0 < len(left) < 4_000
    assert left == list(range(4_000 - len(left), 4_000))
    assert kept.figures(0).dropped == {
        "readings": 4_000 - len(left),
        "transitions": 0,
        "incidents": 0,
    }


def test_late_readings_from_before_go_before_those_of_today(path: Path) -> None:
    of_before(path, [old_row(seq) for seq in range(1_000)])
    with closing(connect(path)) as database:
        migrate(database)
        stored(database, readings(5_000, 5_100))
        with database:
            gone = late_readings.drop_oldest(database, 990)

        left = [seq for (seq,) in database.execute("SELECT seq FROM old_readings ORDER BY seq")]
        assert (gone, left) == (990, list(range(990, 1_000)))
        assert late_readings.drop_oldest(database, 60) == 60
        assert count(database, "readings") == 50


def test_incidents_go_last_and_open_ones_never(database: sqlite3.Connection, opened: Open) -> None:
    stored(database, readings(0, 2_000), *map(opened_and_closed, range(1, 2_001)))
    kept = opened(max_bytes=2 * MB)
    seen = []

    kept.is_due = True
    while kept.is_due:
        kept.step(NOW)
        seen.append([count(database, each) for each in ("readings", "transitions", "incidents")])

    assert not any(found and transitions < 10_000 for found, transitions, _ in seen)
    assert not any(transitions and incidents < 2_000 for _, transitions, incidents in seen)
    assert seen[-1][0] == 0
    still_open = "SELECT count(*) FROM incidents WHERE closed_at IS NULL"
    assert database.execute(still_open).fetchone() == (200,)


def test_what_only_open_incidents_need_is_no_endless_work(
    database: sqlite3.Connection, opened: Open
) -> None:
    many = [incident(number, "x" * 2_000, closed_at=None) for number in range(1, 1_001)]
    stored(database, Rows(incidents=many))

    settle(opened(max_bytes=MB))

    assert count(database, "incidents") == 1_000


def test_changes_go_with_their_incidents(database: sqlite3.Connection, opened: Open) -> None:
    long = [incident(number, "x" * 600, closed_at=WALL) for number in range(1, 2_001)]
    changes = [ChangeRow(number, 1, WALL, "opened", "silent") for number in range(1, 2_001)]
    stored(database, Rows(incidents=long, changes=changes))

    kept = opened(max_bytes=MB)
    settle(kept)

    numbers = "SELECT number FROM incidents ORDER BY number"
    known = [number for (number,) in database.execute(numbers)]
    told = [number for (number,) in database.execute("SELECT number FROM changes")]
    assert 0 < len(known) < 2_000
    assert known == told == list(range(2_001 - len(known), 2_001))
    assert kept.figures(0).dropped["incidents"] == 2_000 - len(known)


def test_a_transaction_drops_no_more_than_it_brings_twice(
    database: sqlite3.Connection, opened: Open
) -> None:
    stored(database, *(readings(at, at + 500) for at in range(0, 5_000, 500)))
    kept = opened(max_bytes=MB)

    with database:
        write(database, readings(5_000, 5_010))
        kept.keep(NOW, WALL, 10)

    assert count(database, "readings") == 5_010 - 20


def test_space_goes_back_to_the_disk(
    path: Path, database: sqlite3.Connection, opened: Open
) -> None:
    stored(database, *(readings(at, at + 500) for at in range(0, 6_000, 500)))
    settle(opened(max_bytes=100 * MB))
    before = on_disk(path)

    settle(opened(max_bytes=2 * MB))

    assert before > 4 * MB
    assert on_disk(path) < 2.5 * MB


def test_what_is_over_goes_a_step_at_a_time(
    path: Path, database: sqlite3.Connection, opened: Open
) -> None:
    stored(database, *(readings(at, at + 500) for at in range(0, 3_000, 500)))
    rows(path, "UPDATE readings SET stored_s = 0")
    live_on(path, hours=48)
    kept = opened(keep_s=86_400.0)

    with database:
        kept.keep(NOW, clock.wall(), 0)
    after_one = count(database, "readings")
    steps = settle(kept)

    assert after_one == 2_500
    assert steps > 5
    assert count(database, "readings") == count(database, "catalogues") == 0


def test_changes_of_what_is_over_go_in_the_same_steps(
    path: Path, database: sqlite3.Connection, opened: Open
) -> None:
    over = [incident(number, f"STA-{number}", closed_at=1.0) for number in range(1, 1_201)]
    changes = [ChangeRow(number, 1, 1.0, "opened", "silent") for number in range(1, 1_201)]
    stored(database, Rows(incidents=over, changes=changes, at=1.0))
    live_on(path, hours=48)
    kept = opened(keep_s=86_400.0)

    kept.step(NOW)
    after_one = [count(database, table) for table in ("incidents", "changes")]
    settle(kept)

    assert after_one == [700, 700]
    assert count(database, "incidents") == count(database, "changes") == 0


def test_what_is_over_goes_after_a_kill_in_the_middle(
    path: Path, database: sqlite3.Connection, opened: Open
) -> None:
    stored(database, *(readings(at, at + 500) for at in range(0, 3_000, 500)))
    rows(path, "UPDATE readings SET stored_s = 0")
    live_on(path, hours=48)
    opened(keep_s=86_400.0).step(NOW)

    settle(opened(keep_s=86_400.0))

    assert count(database, "readings") == 0


def test_new_journal_can_give_space_back(database: sqlite3.Connection) -> None:
    assert database.execute("PRAGMA auto_vacuum").fetchone() == (2,)


async def test_small_journal_from_before_is_rewritten_once(path: Path) -> None:
    load(path, OLD[-1])
    reports = Reports()
    journal = reports.open(path)
    journal.store(Rows(incidents=[incident(9, "STA-9")]), 1)
    await reports.until_stored(1)
    await until(lambda: column(path, "PRAGMA auto_vacuum") == [2])
    journal.close()

    assert column(path, "SELECT number FROM incidents ORDER BY number") == [1, 2, 3, 4, 9]
    assert reports.lost == []


@pytest.mark.parametrize("mode", ["NONE", "FULL"])
def test_large_journal_from_before_keeps_its_file_and_its_bound(
    path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setattr(upkeep, "REWRITE_MAX", 100_000)
    with closing(connect(path)) as database:
        database.execute(f"PRAGMA auto_vacuum = {mode}")
        migrate(database)
        upkeep.prepare(database)
        stored(database, *(readings(at, at + 500) for at in range(0, 5_000, 500)))
        lived = Lived(database, NOW, WALL)
        kept = Upkeep(database, lived, keep_s=1e9, max_bytes=2 * MB)
        database.commit()
        settle(kept)
        size = path.stat().st_size
        for at in range(5_000, 9_000, 500):
            with database:
                write(database, readings(at, at + 500))
                kept.keep(NOW, WALL, 500)

        assert path.stat().st_size <= size + MB
        assert count(database, "readings") < 5_000


def test_figures_tell_of_the_oldest_late_reading(
    database: sqlite3.Connection, opened: Open
) -> None:
    kept = opened()
    assert kept.figures(5) == Figures(5, None, {"readings": 0, "transitions": 0, "incidents": 0})

    stored(database, order(late(1), at=WALL + 5), order(late(2), at=WALL))

    assert kept.figures(5).oldest_at == WALL + 5


@pytest.mark.parametrize("value", ["'often'", "x'00'", "9e99"])
def test_damaged_count_keeps_nothing_up(
    database: sqlite3.Connection, opened: Open, value: str
) -> None:
    stored(database, *(readings(at, at + 500) for at in range(0, 3_000, 500)))
    with database:
        database.execute(f"INSERT INTO marks VALUES ('dropped_readings', {value})")  # noqa: S608

    kept = opened(max_bytes=MB)
    settle(kept)

    assert kept.figures(0).dropped["readings"] > 0
    assert count(database, "readings") < 3_000


def megabytes(count: int) -> Iterator[Rows]:
    """Yield orders of late readings of all sizes that have so many MB on disk."""
    rng = random.Random(16)
    seq = size = 0
    while size < count * MB:
        bodies = [rng.randbytes(rng.randint(200, 6_000)) for _ in range(100)]
        found = [
            ReadingRow(f"STA-{rng.randint(1, 9)}", "b", "vitals", seq + at, 0, WALL - seq, body)
            for at, body in enumerate(bodies)
        ]
        seq, size = seq + len(found), size + sum(map(len, bodies))
        yield Rows(readings=found, catalogues={KNOWN.key: b"{}"}, at=WALL)


@pytest.mark.long
@pytest.mark.parametrize("first_bound", [BOUND, 2**31], ids=["from the first", "once it is set"])
async def test_hundred_megabytes_of_late_readings_leave_twenty_on_disk(
    path: Path, first_bound: int
) -> None:
    told = [incident(number, f"STA-{number}", closed_at=WALL + number) for number in range(1, 500)]
    visit(path, Rows(incidents=told, at=WALL))
    reports = Reports()
    journal = reports.open(path, max_bytes=first_bound)
    journal.remembered()
    sizes, total = [], 0

    for number, each in enumerate(megabytes(100)):
        journal.store(each, number)
        await reports.until_stored(number)
        total += len(each.readings)
        sizes.append(journal_on_disk(path))
    if first_bound > BOUND:
        journal.close()
        assert sizes.pop() > 100 * MB
        sizes = []
        journal = reports.open(path, max_bytes=BOUND)
        while on_disk(path) > MOST:
            await next_step(journal)
    await until(lambda: journal.figures.dropped["readings"] == total - left_in(path))
    journal.close()
    left = left_in(path)

    assert max([*sizes, on_disk(path)]) <= MOST
    assert reports.refused == []
    assert column(path, "SELECT count(*) FROM incidents") == [499]
    seqs = column(path, "SELECT seq FROM readings ORDER BY place")
    assert 0 < left < total
    assert seqs == list(range(total - left, total))
    assert column(path, "SELECT value FROM marks WHERE name = 'dropped_readings'") == [total - left]
    assert column(path, "SELECT key FROM catalogues") == [KNOWN.key]


async def next_step(journal: Journal) -> None:
    seen = journal.figures
    await until(lambda: journal.figures != seen)


def left_in(path: Path) -> int:
    (left,) = column(path, "SELECT count(*) FROM readings")
    return int(left)


def journal_on_disk(path: Path) -> int:
    wal = path.with_name(f"{path.name}-wal")
    return path.stat().st_size + wal.stat().st_size


def test_cache_of_the_journal_does_not_grow_with_it(database: sqlite3.Connection) -> None:
    (size,) = database.execute("PRAGMA cache_size").fetchone()

    assert size == -512  # KiB; SQLite's own 2 MB fill within an hour
