"""Schema: old journals are migrated with all they hold, and a column is one field."""

import sqlite3
from pathlib import Path

import msgspec
import pytest

from aggregator.shell.journal import schema
from aggregator.shell.journal.lived import LIVED_S
from aggregator.shell.journal.rows import NEXT_NUMBER, Rows
from tests.aggregator.shell.journal.late import numbers_of, pack_all
from tests.aggregator.shell.journal.process import rows, visit
from tests.aggregator.shell.journal.schemas import (
    OLD,
    AcknowledgedIncident,
    content,
    know_acknowledged_by,
    load,
)


def test_every_older_schema_has_a_dump() -> None:
    older = {f"schema-{number}" for number in range(len(schema.MIGRATIONS))}

    assert older <= {dump.stem for dump in OLD}


@pytest.mark.parametrize("dump", OLD, ids=lambda dump: dump.stem)
async def test_an_old_journal_is_migrated_whole(path: Path, dump: Path) -> None:
    before = load(path, dump)

    left = visit(path)
    pack_all(path)

    after = content(path)
    has_marks = bool(before.get("marks"))
    assert all(before.values())
    for of in (before, after):
        of["marks"] = [mark for mark in of.get("marks", []) if mark["name"] != LIVED_S]
        of.pop("lived", None)
        for reading in of["readings"]:
            reading["body"] = numbers_of(reading["body"], path)
    for table, old in before.items():
        assert [new | row for row, new in zip(old, after[table], strict=True)] == after[table]
    assert rows(path, "PRAGMA user_version") == [(len(schema.MIGRATIONS),)]
    assert [(page.host, list(page.ranges)) for page in left.heard] == [("STA-1", [(0, 4), (7, 9)])]
    assert [each.number for each in left.incidents] == [
        row["number"] for row in before.get("incidents", [])
    ]
    assert left.marks[NEXT_NUMBER] == (5 if has_marks else 1)


async def test_an_old_incident_is_read_field_by_field(path: Path) -> None:
    load(path, OLD[1])

    first, _, feed, _ = visit(path).incidents

    assert (feed.scope, feed.host, feed.check) == ("feed", "STA-2", "timing")
    assert (first.closed_at, first.falls, first.alive[0].readings) == (4e9 + 20, 2, 2)
    assert first.evidence[0].detail == {"margin_s": 1.75}


async def test_a_column_is_one_field_and_one_function(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(path, OLD[1])
    know_acknowledged_by(monkeypatch)

    old = visit(path).incidents[1]
    fields = msgspec.structs.asdict(old) | {"acknowledged_by": "race control"}
    visit(path, Rows(incidents=[AcknowledgedIncident(**fields)]))
    incidents = visit(path).incidents

    assert isinstance(old, AcknowledgedIncident)
    by = [msgspec.structs.asdict(each)["acknowledged_by"] for each in incidents]
    assert by == [None, "race control", None, None]
    assert rows(path, "PRAGMA user_version") == [(len(schema.MIGRATIONS),)]


async def test_a_failing_migration_changes_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = load(path, OLD[1])

    def fails(database: sqlite3.Connection) -> None:
        database.execute("DELETE FROM incidents")
        database.execute("ALTER TABLE nowhere ADD COLUMN acknowledged_by TEXT")

    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, fails))

    visit(path)

    aside = path.with_name(f"{path.name}.broken-1")
    old = {"old_readings": before["readings"], "readings": [], "catalogues": []}
    assert content(aside) == before | old | {"lived": []}
    assert rows(aside, "PRAGMA user_version") == [(len(schema.MIGRATIONS) - 1,)]
