"""The tables of the journal, and how an older journal gets those of today.

``user_version`` is the schema's number; a journal without one is of the time when only late
readings were kept. Every ``…_at``, ``since`` and ``silent_since`` is s since 1970.
"""

import sqlite3

SCHEMA = 1

_TABLES = """
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
CREATE TABLE IF NOT EXISTS incidents (
    number INTEGER PRIMARY KEY,
    scope TEXT NOT NULL, venue TEXT NOT NULL, host TEXT NOT NULL, check_name TEXT NOT NULL,
    cause TEXT NOT NULL, opened_at REAL NOT NULL, silent_since REAL, closed_at REAL,
    falls INTEGER NOT NULL, children TEXT NOT NULL, evidence TEXT NOT NULL, alive TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS incidents_by_end ON incidents (closed_at);
CREATE TABLE IF NOT EXISTS changes (
    number INTEGER NOT NULL, seq INTEGER NOT NULL,
    at REAL NOT NULL, change TEXT NOT NULL, cause TEXT NOT NULL,
    PRIMARY KEY (number, seq)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS transitions (
    at REAL NOT NULL, venue TEXT NOT NULL, host TEXT NOT NULL,
    before TEXT NOT NULL, after TEXT NOT NULL, why TEXT NOT NULL, silent_since REAL
);
CREATE INDEX IF NOT EXISTS transitions_by_age ON transitions (at);
CREATE INDEX IF NOT EXISTS transitions_by_host ON transitions (host, at);
CREATE TABLE IF NOT EXISTS hosts (
    host TEXT PRIMARY KEY, venue TEXT NOT NULL, state TEXT NOT NULL, since REAL NOT NULL,
    cause TEXT, interval_s REAL NOT NULL, evidence_at REAL, was_up INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outbox (
    place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, value REAL NOT NULL) WITHOUT ROWID;
"""


def prepare(database: sqlite3.Connection) -> None:
    """See that all tables of today are there.

    Raises:
        sqlite3.Error: it can not be used, or a newer venuewatch has made it.
    """
    database.execute("PRAGMA journal_mode = WAL")
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA:
        raise sqlite3.DatabaseError(
            f"a newer venuewatch has made it: schema {version}, and this one knows {SCHEMA}"
        )
    if version < SCHEMA:
        database.executescript(f"BEGIN;{_TABLES}PRAGMA user_version = {SCHEMA};COMMIT;")
