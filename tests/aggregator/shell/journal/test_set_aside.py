"""Set aside: an older aggregator goes on without a newer journal; a newer one merges it."""

import shutil
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

import msgspec
import pytest

from aggregator.core.dedup import HeardRanges
from aggregator.shell.journal import schema
from aggregator.shell.journal.rows import NEXT_NUMBER, HostRow, JournalContent, Notice, Rows
from aggregator.shell.journal.set_aside import FAR_NUMBER
from tests.aggregator.shell.journal.process import (
    AQU,
    Process,
    Reports,
    column,
    connect,
    rows,
    visit,
    walks,
)
from tests.aggregator.shell.journal.schemas import (
    OLD,
    THEN,
    AcknowledgedIncident,
    add_acknowledged_by,
    content,
    incident,
    know_acknowledged_by,
    load,
)

NEWER = len(schema.MIGRATIONS) + 1

Migration: TypeAlias = Callable[[sqlite3.Connection], None]
Newer: TypeAlias = Callable[..., JournalContent]


@pytest.fixture
def aside(path: Path) -> Path:
    return path.with_name(f"{path.name}.schema-{NEWER}")


@pytest.fixture
def newer(path: Path, monkeypatch: pytest.MonkeyPatch) -> Newer:
    """Return what lets a newer aggregator read the journal, and store orders."""

    def visit_newer(*orders: Rows, at: Path = path) -> JournalContent:
        with monkeypatch.context() as patched:
            know_acknowledged_by(patched)
            return visit(at, *orders)

    return visit_newer


def files(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


async def test_a_newer_journal_is_set_aside_whole(
    path: Path, aside: Path, newer: Newer, caplog: pytest.LogCaptureFixture
) -> None:
    load(path, OLD[1])
    newer()
    before = content(path)

    left = visit(path, Rows(incidents=[incident(5, "STA-9")]))

    assert content(aside) == before
    assert (list(left.hosts), list(left.incidents), left.marks) == ([], [], {NEXT_NUMBER: 5})
    assert column(path, "SELECT number FROM incidents") == [5]
    assert "journal_set_aside" in caplog.text


async def test_a_newer_journal_of_a_killed_process_loses_nothing(
    tmp_path: Path, newer: Newer
) -> None:
    lived, path = tmp_path / "lived", tmp_path / "killed"
    newer(at=lived)
    with closing(connect(lived)) as database:
        database.execute("INSERT INTO operators (name) VALUES ('race control')")
        database.commit()
        for end in ("", "-wal"):
            shutil.copy(f"{lived}{end}", f"{path}{end}")

    visit(path)

    aside = f"killed.schema-{NEWER}"
    assert column(tmp_path / aside, "SELECT name FROM operators") == ["race control"]
    assert files(tmp_path) == ["killed", aside, "lived"]


async def test_an_earlier_file_set_aside_is_not_overwritten(
    path: Path, aside: Path, newer: Newer
) -> None:
    backup = path.with_name("backup")
    for name in ("first", "second"):
        newer(at=backup)
        rows(backup, f"INSERT INTO operators (name) VALUES ('{name}')")  # noqa: S608
        shutil.move(backup, path)

        visit(path)

    assert column(aside, "SELECT name FROM operators") == ["first"]
    assert column(path.with_name(f"{aside.name}.2"), "SELECT name FROM operators") == ["second"]


async def test_a_newer_journal_in_use_is_left_alone(
    path: Path, newer: Newer, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer()
    reports = Reports()
    monkeypatch.setattr("aggregator.shell.journal.file.BUSY_S", 0.01)
    with closing(connect(path)) as user:
        user.execute("SELECT * FROM operators").fetchall()

        journal = reports.open(path)
        await reports.until(lambda: bool(reports.failing))
        journal.close()

    assert reports.failing == ["database is locked"]
    assert files(path.parent) == [path.name]


async def test_numbers_go_on_far_above_unreadable_newer_ones(path: Path, newer: Newer) -> None:
    newer()
    rows(path, "ALTER TABLE incidents RENAME TO troubles")

    assert visit(path).marks[NEXT_NUMBER] == FAR_NUMBER


async def test_a_merge_joins_both_journals(path: Path, newer: Newer) -> None:
    load(path, OLD[1])
    acknowledged = msgspec.structs.asdict(incident(4, "STA-3")) | {"acknowledged_by": "control"}
    newer(Rows(incidents=[AcknowledgedIncident(**acknowledged)]))
    visit(
        path,
        Rows(
            incidents=[incident(5, "STA-3"), incident(6, "STA-9", closed_at=THEN + 1)],
            hosts=[
                HostRow("STA-1", "STA", "up", THEN, None, 1.0, THEN, was_up=True),
                HostRow("STA-2", "STA", "unseen", THEN, None, 1.0, None, was_up=False),
            ],
            pages=[
                HeardRanges("STA-1", "vitals", "b", [(5, 5), (8, 12)]),
                HeardRanges("S", "vitals", "c", []),
            ],
            notices=[Notice("5-1", b"{}")],
            marks={NEXT_NUMBER: 7},
        ),
    )

    newer()

    ended = [4e9 + 20, None, None, THEN, None, THEN + 1]
    assert column(path, "SELECT number FROM incidents ORDER BY 1") == [1, 2, 3, 4, 5, 6]
    assert column(path, "SELECT closed_at FROM incidents ORDER BY number") == ended
    assert column(path, "SELECT acknowledged_by FROM incidents WHERE number = 4") == ["control"]
    assert column(path, "SELECT change FROM changes WHERE number = 4") == ["opened", "closed"]
    assert column(path, "SELECT id FROM outbox ORDER BY place") == ["5-1", "3-1", "4-1", "4-2"]
    assert rows(path, "SELECT host, state, since FROM hosts WHERE venue = 'STA'") == [
        ("STA-1", "up", THEN),
        ("STA-2", "unknown", 4e9 + 46),
        ("STA-3", "down", 4e9 + 41),
    ]
    blinded = "SELECT host, before FROM transitions WHERE after = 'unknown' ORDER BY rowid"
    assert rows(path, blinded) == [("STA-1", "up"), ("STA-2", "up"), ("STA-2", "unseen")]
    assert column(path, "SELECT ranges FROM heard ORDER BY host") == ["[]", "[[0,5],[7,12]]"]
    assert rows(path, "SELECT host, seq FROM readings") == [("STA-1", 4)]
    marks = rows(path, "SELECT * FROM marks WHERE name != 'lived_s'")
    assert marks == [("alive_at", 4e9 + 46), ("next_number", 7.0)]


async def test_a_number_in_both_journals_stops_the_merge(
    path: Path, aside: Path, newer: Newer, caplog: pytest.LogCaptureFixture
) -> None:
    load(path, OLD[1])
    newer()
    visit(path, Rows(incidents=[incident(4, "STA-9")]))

    left = newer()

    assert [each.host for each in left.incidents] == ["STA-9"]
    assert column(aside, "SELECT count(*) FROM incidents") == [4]
    assert "journal_merge_fails" in caplog.text


async def test_a_downgrade_and_back_is_one_story(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lived(*migrations: Migration, at: int, spans: Mapping[int, Sequence[str]]) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, *migrations))
            process = Process(path, at=at)
            for end, silent in spans.items():
                process.live(end, without=silent)
            process.end()

    lived(add_acknowledged_by, at=0, spans={10: (), 40: ["STA-1", "STA-2", "STA-3", *AQU]})
    lived(at=100, spans={110: ["STA-3"], 140: ["STA-1", "STA-3", "STA-4"]})
    lived(add_acknowledged_by, at=200, spans={230: ["STA-1", "STA-3", "STA-4"]})

    still_open = column(path, "SELECT host FROM incidents WHERE closed_at IS NULL ORDER BY host")
    assert still_open == ["STA-1", "STA-3", "STA-4"]
    changes = column(path, "SELECT number || '-' || seq FROM changes ORDER BY number, seq")
    assert sorted(column(path, "SELECT id FROM outbox")) == changes
    for befores, afters in walks(path, order="at, rowid"):
        assert befores == ["unknown", *afters[:-1]]
