"""Journals of other schemas: those of before, and one that is newer than today's."""

import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from aggregator.shell.http.api.record import IncidentJson
from aggregator.shell.journal import rows, schema
from aggregator.shell.journal.table import Table

OLD = sorted(Path(__file__).parent.glob("schema-*.sql"))
"""Each schema's journal as the code of its time wrote it, with data in every table."""


THEN = 4e9 + 100


class AcknowledgedIncident(IncidentJson, frozen=True, kw_only=True):
    """An incident of the next schema."""

    acknowledged_by: str | None = None


def add_acknowledged_by(database: sqlite3.Connection) -> None:
    """Migrate to the next schema."""
    database.execute("ALTER TABLE incidents ADD COLUMN acknowledged_by TEXT")
    database.execute("CREATE TABLE operators (name TEXT PRIMARY KEY)")


def know_acknowledged_by(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the code know the next schema: one function, and one field."""
    table = Table("incidents", AcknowledgedIncident, renamed={"check": "check_name"})
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, add_acknowledged_by))
    monkeypatch.setattr(rows, "INCIDENTS", table)


def incident(number: int, host: str, **more: float | str | None) -> IncidentJson:
    fields = {"scope": "host", "venue": "STA", "check": "", "cause": "silent", "opened_at": THEN}
    return msgspec.convert({"number": number, "host": host, **fields, **more}, IncidentJson)


def load(path: Path, dump: Path) -> dict[str, list[dict[str, object]]]:
    """Make the journal of a dump, and return its content."""
    with closing(sqlite3.connect(path)) as database:
        database.executescript(dump.read_text())
    return content(path)


def content(path: Path) -> dict[str, list[dict[str, object]]]:
    """Return the rows of each table, by column."""
    with closing(sqlite3.connect(path)) as database:
        database.row_factory = sqlite3.Row
        names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {
            name: [dict(row) for row in database.execute(f"SELECT * FROM {name}")]  # noqa: S608
            for (name,) in names
        }
