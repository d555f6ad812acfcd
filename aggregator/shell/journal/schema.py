"""Migrations of the journal: each brings a database from one schema to the next.

``user_version`` is the number of a database's schema, and of the migrations that it has seen. A
new schema is one more function in ``MIGRATIONS``. A function that was released is never changed:
journals out there have seen it. Every ``…_at``, ``since`` and ``silent_since`` is s since 1970.

An older venuewatch sets a newer journal aside (``set_aside.py``), and reads of it
``max(number)`` of ``incidents`` and the mark ``next_number`` only: every schema keeps these.
"""

import sqlite3
from collections.abc import Callable, Sequence

_SCHEMA_1 = """
CREATE TABLE IF NOT EXISTS readings (
    host TEXT NOT NULL, boot TEXT NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL,
    taken_ms INTEGER NOT NULL, stored_s REAL NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (host, boot, stream, seq)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS readings_by_age ON readings (stored_s);
CREATE TABLE IF NOT EXISTS heard (
    host TEXT NOT NULL, stream TEXT NOT NULL, boot TEXT NOT NULL,
    stored_s REAL NOT NULL, ranges BLOB NOT NULL,
    PRIMARY KEY (host, stream, boot)
) WITHOUT ROWID;
CREATE TABLE incidents (
    number INTEGER PRIMARY KEY,
    scope TEXT NOT NULL, venue TEXT NOT NULL, host TEXT NOT NULL, check_name TEXT NOT NULL,
    cause TEXT NOT NULL, opened_at REAL NOT NULL, silent_since REAL, closed_at REAL,
    falls INTEGER NOT NULL, children TEXT NOT NULL, evidence TEXT NOT NULL, alive TEXT NOT NULL
);
CREATE INDEX incidents_by_end ON incidents (closed_at);
CREATE TABLE changes (
    number INTEGER NOT NULL, seq INTEGER NOT NULL,
    at REAL NOT NULL, change TEXT NOT NULL, cause TEXT NOT NULL,
    PRIMARY KEY (number, seq)
) WITHOUT ROWID;
CREATE TABLE transitions (
    at REAL NOT NULL, venue TEXT NOT NULL, host TEXT NOT NULL,
    before TEXT NOT NULL, after TEXT NOT NULL, why TEXT NOT NULL, silent_since REAL
);
CREATE INDEX transitions_by_age ON transitions (at);
CREATE INDEX transitions_by_host ON transitions (host, at);
CREATE TABLE hosts (
    host TEXT PRIMARY KEY, venue TEXT NOT NULL, state TEXT NOT NULL, since REAL NOT NULL,
    cause TEXT, interval_s REAL NOT NULL, evidence_at REAL, was_up INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE outbox (
    place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, body BLOB NOT NULL
);
CREATE TABLE marks (name TEXT PRIMARY KEY, value REAL NOT NULL) WITHOUT ROWID
"""


def v1(database: sqlite3.Connection) -> None:
    """Make all tables; a journal of schema 0 has those of late readings, or none."""
    for statement in _SCHEMA_1.split(";"):  # executescript would commit
        database.execute(statement)


def v2(database: sqlite3.Connection) -> None:
    """Make the table of lived time."""
    database.execute("CREATE TABLE lived (lived_s REAL PRIMARY KEY, wall REAL NOT NULL)")


_SCHEMA_3 = """
ALTER TABLE readings RENAME TO old_readings;
CREATE TABLE readings (
    place INTEGER PRIMARY KEY,
    host TEXT NOT NULL, boot TEXT NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL,
    taken_ms INTEGER NOT NULL, stored_s REAL NOT NULL, body BLOB NOT NULL,
    UNIQUE (host, boot, stream, seq)
);
CREATE INDEX readings_by_time ON readings (stored_s);
CREATE TABLE catalogues (key TEXT PRIMARY KEY, last_place INTEGER NOT NULL, body BLOB NOT NULL);
CREATE INDEX catalogues_by_use ON catalogues (last_place)
"""


def v3(database: sqlite3.Connection) -> None:
    """Make the tables of late readings that are packed; those of before are packed later."""
    for statement in _SCHEMA_3.split(";"):
        database.execute(statement)
    if database.execute("SELECT 1 FROM old_readings LIMIT 1").fetchone() is None:
        database.execute("DROP TABLE old_readings")


MIGRATIONS: Sequence[Callable[[sqlite3.Connection], None]] = (v1, v2, v3)
"""The function at place N brings a database from schema N to N + 1."""


def version_of(database: sqlite3.Connection) -> int:
    """Return the number of the schema of ``database``; 0 for an empty one.

    Raises:
        sqlite3.Error, ValueError: it is damaged.
    """
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version < 0:
        raise ValueError(f"expected a schema from 0 on, got {version}")
    return int(version)


def migrate(database: sqlite3.Connection) -> None:
    """Bring ``database`` to the schema of today, each step in a transaction of its own.

    Raises:
        sqlite3.Error: the database cannot be used.
    """
    for version in range(version_of(database), len(MIGRATIONS)):
        with database:
            database.execute("BEGIN IMMEDIATE")
            MIGRATIONS[version](database)
            database.execute(f"PRAGMA user_version = {version + 1}")
