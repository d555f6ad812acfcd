"""Rows of a journal, of any type in any column, as the next process reads them."""

import sqlite3
from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec

from aggregator.shell.journal import late_readings, lived, rows, schema
from aggregator.shell.journal.restore import memory_of
from aggregator.shell.journal.salvage import end_incidents
from aggregator.shell.journal.table import Table
from aggregator.shell.outlets.webhook import left_of, notice
from aggregator.shell.walltime import WallTime
from bench.kit.examples import example
from venuewatch.base.wire.messages import encode as as_json

ERRORS: tuple[type[Exception], ...] = ()  # a row that makes no sense is left out, and counted

_CLOSING_NOTICE = partial(notice, "closed", aggregator="c", url_of=str)
_NOW = 1_800_000_000.0
_BEFORE = 2  # a schema with late readings that have to be packed
_AT_ONCE = 100
_TABLES: Sequence[Table[Any]] = (
    rows.HOSTS,
    rows.INCIDENTS,
    rows.CHANGES,
    rows.OUTBOX,
    rows.MARKS,
    rows.HEARD,
    lived.LIVED,
    late_readings.READINGS,
)
_TAGS = {b"n": int, b"r": float}


def read(data: bytes) -> None:
    """Read a journal: each line is a table's number, and its columns, with tabs between them.

    A column begins with its type: n, r, t (text), b (bytes in which tabs and lines are quoted) or
    anything else, which is None.
    """
    database = sqlite3.connect(":memory:")
    try:
        database.text_factory = lambda found: str(found, "utf-8", "replace")
        for migration in schema.MIGRATIONS[:_BEFORE]:
            migration(database)
        database.execute(f"PRAGMA user_version = {_BEFORE}")
        for line in data.split(b"\n"):
            _insert(database, line)
        database.commit()
        schema.migrate(database)
        with database:
            while late_readings.has_old(database):
                late_readings.pack_old(database, _AT_ONCE)
        content = rows.read(database)
        rows.read_sound(database, 1)
        wall = WallTime(0.0, _NOW)
        memory_of(content, wall)
        for notice in content.notices:
            left_of(notice)
        with database:
            still_open = [each.number for each in content.incidents if each.closed_at is None]
            end_incidents(database, still_open, _NOW, _CLOSING_NOTICE)
            counted = lived.Lived(database, 0.0, _NOW)
            counted.forget(database, counted.over(database, 1.0))
    finally:
        database.close()


def seeds() -> Sequence[bytes]:
    """Return journals with a row of each table."""
    found = []
    for number, table in enumerate(_TABLES):
        value: dict[str, Any] = msgspec.json.decode(example(table.row))
        if table is rows.OUTBOX:
            value = {"id": "1-1", "body": '{"change":"opened","incident":{"venue":"V1","host":""}}'}
        if table is rows.INCIDENTS:
            value |= {"scope": "host", "check": "", "cause": "silent", "closed_at": None}
        columns = [_column(each) for each in value.values()]
        found.append(b"\t".join([b"%d" % number, *columns]))
    return [b"\n".join(found), *found]


def _column(value: object) -> bytes:
    match value:
        case None:
            return b"x"
        case bool() | int():
            return b"n%d" % value
        case float():
            return f"r{value}".encode()
        case str():
            return b"t" + value.encode()
    return b"t" + as_json(value)


def _insert(database: sqlite3.Connection, line: bytes) -> None:
    number, *columns = line.split(b"\t")
    table = _TABLES[(number[0] if number else 0) % 8 % len(_TABLES)]
    values = [_value(column) for column in columns]
    marks = ", ".join("?" * len(values))
    statement = f"INSERT OR REPLACE INTO {table.name} ({table.columns}) VALUES ({marks})"  # noqa: S608
    try:
        database.execute(statement, values)
    except (sqlite3.Error, OverflowError):  # no disk has that
        return


def _value(column: bytes) -> object:
    kind, text = column[:1], column[1:]
    if kind == b"t":
        return text.decode(errors="replace")
    if kind == b"b":
        return text.replace(b"\\t", b"\t").replace(b"\\n", b"\n")
    try:
        return _TAGS[kind](text)
    except (KeyError, ValueError):
        return None
