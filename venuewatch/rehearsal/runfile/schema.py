"""Schema of a run's file, its version, and the mark that tells it from other databases."""

import sqlite3
from typing import Final

SCHEMA: Final = 1
APPLICATION_ID: Final = 0x56_57_52_31  # "VWR1": SQLite's header, at 68

_TABLES = """
CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE scenario (
    number INTEGER PRIMARY KEY, kind TEXT NOT NULL, orders TEXT NOT NULL, scenario TEXT NOT NULL
);
CREATE TABLE attempt (
    number INTEGER NOT NULL REFERENCES scenario, attempt INTEGER NOT NULL, world TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('begun', 'ended', 'given_up', 'interrupted', 'aborted')),
    began_at REAL NOT NULL, ended_at REAL, void_reason TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (number, attempt)
) WITHOUT ROWID;
CREATE TABLE step (
    number INTEGER NOT NULL, attempt INTEGER NOT NULL, step TEXT NOT NULL,
    what TEXT NOT NULL CHECK (
        what IN ('ordered', 'armed', 'begun', 'ended', 'healed', 'given_up', 'aborted')
    ),
    at REAL NOT NULL, detail TEXT NOT NULL
);
CREATE INDEX step_of ON step (number, attempt);
CREATE TABLE witness (
    number INTEGER NOT NULL, attempt INTEGER NOT NULL, step TEXT NOT NULL, at REAL NOT NULL,
    phase TEXT NOT NULL CHECK (phase IN ('before', 'during', 'after')),
    sees TEXT NOT NULL CHECK (sees IN ('no_effect', 'effect', 'healed', 'cant_see')),
    detail TEXT NOT NULL
);
CREATE INDEX witness_of ON witness (number, attempt);
CREATE TABLE seen (
    world TEXT NOT NULL, at REAL NOT NULL, incident INTEGER NOT NULL,
    change TEXT NOT NULL
        CHECK (change IN ('opened', 'sharpened', 'closed', 'removed', 'corrected')),
    subject TEXT NOT NULL, cause TEXT NOT NULL, children INTEGER NOT NULL, opened_at REAL,
    aggregator_run TEXT NOT NULL
);
CREATE TABLE notice (
    world TEXT NOT NULL, at REAL NOT NULL, receiver TEXT NOT NULL, incident INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    change TEXT NOT NULL
        CHECK (change IN ('opened', 'sharpened', 'closed', 'removed', 'corrected')),
    subject TEXT NOT NULL, cause TEXT NOT NULL, accepted INTEGER NOT NULL,
    aggregator_run TEXT NOT NULL
);
CREATE TABLE counter (
    number INTEGER NOT NULL, attempt INTEGER NOT NULL, metric TEXT NOT NULL,
    before REAL, after REAL
);
CREATE TABLE well (
    world TEXT NOT NULL, at REAL NOT NULL,
    by TEXT NOT NULL CHECK (by IN ('stage', 'witness', 'monitor')),
    is_well INTEGER NOT NULL, number INTEGER, detail TEXT NOT NULL
);
CREATE VIEW played AS
    SELECT * FROM attempt AS one WHERE attempt =
        (SELECT max(attempt) FROM attempt AS other WHERE other.number = one.number)
"""


class OtherFileError(ValueError):
    """The database is not of a run, or of one that this venuewatch can not read."""


def make(database: sqlite3.Connection) -> None:
    """Make the tables, within the transaction of the caller."""
    for statement in _TABLES.split(";"):  # executescript would commit
        database.execute(statement)
    database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    database.execute(f"PRAGMA user_version = {SCHEMA}")


def check_blank(database: sqlite3.Connection) -> None:
    """Check that nothing was ever made in it.

    Raises:
        OtherFileError: something was.
    """
    if not _is_blank(database):
        raise OtherFileError("expected a new file, got one with something in it: --resume goes on")


def _is_blank(database: sqlite3.Connection) -> bool:
    """Tell whether it is empty: a run that was killed as it began leaves such a file."""
    (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return not tables and _number(database, "user_version") == 0


def check(database: sqlite3.Connection) -> None:
    """Check that it is of a run, and of a schema that is known.

    Raises:
        OtherFileError: it is not; the text says what was expected.
    """
    if _is_blank(database):
        raise OtherFileError("expected the file of a run, got one with nothing in it")
    if _number(database, "application_id") != APPLICATION_ID:
        raise OtherFileError("expected the file of a run, got another database")
    version = _number(database, "user_version")
    if version != SCHEMA:
        newer = ": a newer venuewatch made it" if version > SCHEMA else ""
        raise OtherFileError(f"expected a run's file of schema {SCHEMA}, got {version}{newer}")


def _number(database: sqlite3.Connection, name: str) -> int:
    (number,) = database.execute(f"PRAGMA {name}").fetchone()
    return int(number)
