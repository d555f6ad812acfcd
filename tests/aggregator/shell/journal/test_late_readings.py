"""Late readings: packed as they came, each catalogue once, and those from before after them."""

import sqlite3
import subprocess
import sys
import textwrap
import zlib
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aggregator.core.catalogues import KnownVitals
from aggregator.shell.journal import late_readings, schema
from aggregator.shell.journal.file import connect
from aggregator.shell.journal.set_aside import merge_set_aside
from tests.aggregator.shell.journal.late import (
    FAMILIES,
    KNOWN,
    known_of,
    late,
    named,
    numbers_of,
    order,
    pack_all,
)
from tests.aggregator.shell.journal.process import Reports, column, rows, visit

OLD = 2
"""The last schema whose late readings have the names of their series."""

HOUR_S = 3_600.0
PAGE = Path(__file__).parents[4] / "docs" / "incidents.md"

OTHER = known_of([*FAMILIES, ("node_load5", [[]])])


def of_before(path: Path, readings: Sequence[tuple[Any, ...]]) -> None:
    """Make a journal of schema ``OLD`` with these rows of late readings."""
    with closing(connect(path)) as database, database:
        for migration in schema.MIGRATIONS[:OLD]:
            migration(database)
        database.execute(f"PRAGMA user_version = {OLD}")
        database.executemany("INSERT INTO readings VALUES (?, ?, ?, ?, ?, ?, ?)", readings)


def old_row(seq: int, host: str = "STA-1", *, stored_s: float | None = None) -> tuple[Any, ...]:
    at = 1e9 + seq if stored_s is None else stored_s
    return host, "b", "vitals", seq, seq, at, named(late(seq, host))


def migrated(path: Path) -> None:
    with closing(connect(path)) as database:
        schema.migrate(database)


def size_of(path: Path) -> int:
    return path.stat().st_size


async def test_late_readings_take_a_third_of_what_they_took(path: Path) -> None:
    readings = [late(seq, f"STA-{host}") for host in range(5) for seq in range(200)]

    visit(path, order(*readings))

    (taken,) = column(path, "SELECT sum(length(body)) FROM readings")
    names = sum(len(named(reading)) for reading in readings)
    assert taken < names / 3
    assert size_of(path) < names / 3


async def test_each_catalogue_is_stored_once(path: Path) -> None:
    visit(path, order(late(1), late(2)), order(late(3, "STA-2"), late(4, "STA-2", OTHER)))

    assert sorted(column(path, "SELECT key FROM catalogues")) == sorted([KNOWN.key, OTHER.key])


async def test_late_reading_is_read_back_as_it_came(path: Path) -> None:
    visit(path, order(late(1), late(2, of=OTHER)))

    for seq, body in rows(path, "SELECT seq, body FROM readings"):
        whole = msgspec.json.decode(named(late(seq, of=OTHER if seq == 2 else KNOWN)))
        assert numbers_of(body, path) == whole["readings"]


async def test_another_journal_gets_its_catalogues_again(path: Path) -> None:
    other = path.with_name("other")
    visit(path, order(late(1)))

    visit(other, order(late(2)))

    assert column(other, "SELECT key FROM catalogues") == [KNOWN.key]


async def test_catalogue_goes_once_no_reading_needs_it(path: Path) -> None:
    early = [late(seq, of=OTHER) for seq in range(10)]
    visit(path, order(*early), order(*(late(seq) for seq in range(10, 3_000))))

    with closing(connect(path)) as database, database:
        late_readings.drop_oldest(database, 9)
        late_readings.drop_unused(database)
        while_needed = database.execute("SELECT count(*) FROM catalogues").fetchone()
        late_readings.drop_oldest(database, 2_000)
        late_readings.drop_unused(database)
        after = database.execute("SELECT key FROM catalogues").fetchall()
        late_readings.drop_oldest(database, 3_000)
        late_readings.drop_unused(database)

    assert (while_needed, after) == ((2,), [(KNOWN.key,)])
    assert column(path, "SELECT key FROM catalogues") == []


async def test_catalogue_in_use_outlives_its_first_reading(path: Path) -> None:
    orders = [order(*(late(seq) for seq in range(at, at + 500))) for at in range(0, 5_000, 500)]
    visit(path, *orders)

    with closing(connect(path)) as database, database:
        late_readings.drop_oldest(database, 4_999)
        late_readings.drop_unused(database)

    assert column(path, "SELECT seq FROM readings") == [4_999]
    assert column(path, "SELECT key FROM catalogues") == [KNOWN.key]


def test_readings_from_before_are_packed_in_steps_and_stay_in_order(path: Path) -> None:
    of_before(path, [old_row(seq, f"STA-{seq % 7}") for seq in range(1_200)])
    migrated(path)
    with closing(connect(path)) as database, database:
        late_readings.write(database, *order(late(5_000))[:1], {})

    steps = pack_all(path)

    assert steps == 4  # the last one finds none, and drops the table
    assert column(path, "SELECT seq FROM readings ORDER BY place") == [*range(1_200), 5_000]
    assert column(path, "SELECT key FROM catalogues") == [KNOWN.key]
    for host, seq, body in rows(path, "SELECT host, seq, body FROM readings WHERE seq < 50"):
        assert numbers_of(body, path) == msgspec.json.decode(named(late(seq, host)))["readings"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no JSON",
        b"\xff" * 1_000,
        b'{"boot":"b"}',
        "text",
        7,
        b'{"boot":"b","session":1,"seq":1,"wall_ms":1,"readings":{"node_load1":"high"}}' * 20,
    ],
    ids=["empty", "no JSON", "no UTF-8", "too little", "text", "number", "no number in it"],
)
def test_body_from_before_that_makes_no_sense_stays(path: Path, body: object) -> None:
    strange = ("STA-1", "b", "vitals", 1, 1, 1e9, body)
    of_before(path, [strange, ("STA-1", "b", "checks", 1, 1, 1e9, body), old_row(2)])
    migrated(path)

    pack_all(path)

    assert column(path, "SELECT count(*) FROM readings") == [3]
    with closing(sqlite3.connect(path)) as database:
        (found,) = database.execute(
            "SELECT body FROM readings WHERE stream = 'vitals' AND seq = 1"
        ).fetchone()
    is_packed = isinstance(found, bytes) and found[:1] == b"x"
    kept = zlib.decompress(found) if is_packed else found
    assert kept == body


def test_text_from_before_that_is_no_text_is_moved_once(path: Path) -> None:
    of_before(path, [old_row(seq) for seq in range(3)])
    rows(path, "UPDATE readings SET host = CAST(x'ff00fe' AS TEXT) WHERE seq < 2")
    migrated(path)

    steps = pack_all(path)

    assert steps == 2
    assert column(path, "SELECT seq FROM readings ORDER BY place") == [0, 1, 2]


async def test_journal_from_before_stores_while_it_is_packed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aggregator.shell.journal.writer.STEP_APART_S", HOUR_S)
    of_before(path, [old_row(seq) for seq in range(2_000)])
    reports = Reports()
    journal = reports.open(path)
    journal.remembered()

    journal.store(order(late(5_000)), 1)
    await reports.until_stored(1)
    (left,) = column(path, "SELECT count(*) FROM old_readings")
    journal.close()

    assert left >= 1_500
    pack_all(path)
    assert column(path, "SELECT seq FROM readings ORDER BY place") == [*range(2_000), 5_000]


@pytest.mark.parametrize("is_packed", [True, False])
async def test_merged_late_readings_are_older_than_those_here(
    path: Path, *, is_packed: bool
) -> None:
    aside = path.with_name(f"{path.name}.schema-{len(schema.MIGRATIONS)}")
    of_before(aside, [old_row(seq) for seq in range(5)])
    migrated(aside)
    if is_packed:
        pack_all(aside)
    with closing(connect(aside)) as database, database:
        late_readings.write(database, *order(late(7, of=OTHER))[:1], {OTHER.key: b"{}"})
    visit(path.with_name("other"), order(late(8), late(9)))
    path.with_name("other").rename(path)

    with closing(connect(path)) as database:
        merge_set_aside(database, path, lambda *_: pytest.fail("no incident ends"))

    seqs = column(path, "SELECT seq FROM readings ORDER BY place")
    assert seqs == [0, 1, 2, 3, 4, 7, 8, 9]
    assert set(column(path, "SELECT key FROM catalogues")) == {KNOWN.key, OTHER.key}


async def test_documented_script_reads_late_readings(path: Path) -> None:
    visit(path, order(late(1), late(2, of=OTHER), late(3, "STA-2")))
    _, _, behind = PAGE.read_text(encoding="utf-8").partition("each number with its name:\n")
    script, _, _ = behind.partition("\n## ")
    path.with_name("read.py").write_text(textwrap.dedent(script))

    said = subprocess.run(  # noqa: ASYNC221 - nothing else runs here
        (sys.executable, "read.py", "STA-1"),
        cwd=path.parent,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()

    assert [line.split(" ", 1)[0] for line in said] == ["1", "2"]
    (known,) = late(2, of=OTHER).known
    assert isinstance(known, KnownVitals)
    assert f"(('node_load5',), {known.values[-1]})" in said[1]
