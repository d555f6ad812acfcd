"""What one transaction of the journal stores, and what the next process reads from it.

Times are s since 1970.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from aggregator.core.events import ReadingHeard
from aggregator.core.ledger import Page
from aggregator.shell.http.incidents import IncidentJson
from venuewatch.base.wire.messages import encode

ALIVE_AT = "alive_at"
"""The mark of when the process was last known to run."""

NEXT_NUMBER = "next_number"
"""The mark of the lowest number that no incident ever had."""

RECENT = 200
"""How many closed incidents the next process is told of, so that a backlog can correct them."""


class ChangeRow(NamedTuple):
    """One thing that was told of an incident; ``seq`` counts from 1."""

    number: int
    seq: int
    at: float
    change: str
    cause: str


class TransitionRow(NamedTuple):
    """A host went from one state to another."""

    at: float
    venue: str
    host: str
    before: str
    after: str
    why: str
    silent_since: float | None


class HostRow(NamedTuple):
    """How a host stands; ``was_up``: whether it counts as up while it is unknown.

    ``interval_s``: how often it beats.
    """

    host: str
    venue: str
    state: str
    since: float
    cause: str | None
    interval_s: float
    evidence_at: float | None
    was_up: bool


class Notice(NamedTuple):
    """What somebody is to be told: ``id`` is the same each time that it is tried."""

    id: str
    body: bytes


class Rows(NamedTuple):
    """All that belongs into one transaction.

    ``gone`` are hosts of which nothing is known any more, ``settled`` the ids of notices that
    wait no more.
    """

    readings: Sequence[ReadingHeard] = ()
    pages: Sequence[Page] = ()
    incidents: Sequence[IncidentJson] = ()
    changes: Sequence[ChangeRow] = ()
    transitions: Sequence[TransitionRow] = ()
    hosts: Sequence[HostRow] = ()
    gone: Sequence[str] = ()
    notices: Sequence[Notice] = ()
    settled: Sequence[str] = ()
    marks: Mapping[str, float] = {}


class Remembered(msgspec.Struct, frozen=True):
    """What earlier processes have left.

    ``told`` is how much was told of each open incident, ``notices`` what nobody was told yet.
    """

    hosts: Sequence[HostRow]
    incidents: Sequence[IncidentJson]
    told: Mapping[int, int]
    notices: Sequence[Notice]
    marks: Mapping[str, float]


def write(database: sqlite3.Connection, rows: Rows, now: float) -> None:
    """Write them, in the transaction of the caller."""
    _write_late(database, rows, now)
    many = database.executemany
    many(
        "INSERT OR REPLACE INTO incidents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [_row_of(incident) for incident in rows.incidents],
    )
    many("INSERT OR REPLACE INTO changes VALUES (?, ?, ?, ?, ?)", rows.changes)
    many("INSERT INTO transitions VALUES (?, ?, ?, ?, ?, ?, ?)", rows.transitions)
    many("DELETE FROM hosts WHERE host = ?", [(host,) for host in rows.gone])
    many("INSERT OR REPLACE INTO hosts VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows.hosts)
    many("INSERT OR IGNORE INTO outbox (id, body) VALUES (?, ?)", rows.notices)
    many("DELETE FROM outbox WHERE id = ?", [(settled,) for settled in rows.settled])
    many("INSERT OR REPLACE INTO marks VALUES (?, ?)", list(rows.marks.items()))


def forget(database: sqlite3.Connection, before: float) -> None:
    """Delete what is older, in the transaction of the caller; what is open stays."""
    database.execute("DELETE FROM readings WHERE stored_s < ?", (before,))
    database.execute("DELETE FROM heard WHERE stored_s < ?", (before,))
    database.execute("DELETE FROM transitions WHERE at < ?", (before,))
    database.execute("DELETE FROM incidents WHERE closed_at < ?", (before,))
    database.execute("DELETE FROM changes WHERE number NOT IN (SELECT number FROM incidents)")


def read_pages(database: sqlite3.Connection) -> list[Page]:
    """Return which readings earlier processes had heard."""
    rows = database.execute("SELECT host, stream, boot, ranges FROM heard")
    return [Page(host, stream, boot, _decode_ranges(said)) for host, stream, boot, said in rows]


def read(database: sqlite3.Connection) -> Remembered:
    """Return what earlier processes have left.

    Raises:
        sqlite3.Error, msgspec.MsgspecError: it is damaged.
    """
    rows = database.execute(
        "SELECT * FROM incidents WHERE closed_at IS NULL OR number IN (SELECT number FROM incidents"
        " WHERE closed_at IS NOT NULL ORDER BY closed_at DESC LIMIT ?) ORDER BY number",
        (RECENT,),
    )
    incidents = [_incident_of(row) for row in rows]
    told = database.execute(
        "SELECT number, max(seq) FROM changes WHERE number IN"
        " (SELECT number FROM incidents WHERE closed_at IS NULL) GROUP BY number"
    )
    marks = msgspec.convert(
        dict(database.execute("SELECT name, value FROM marks").fetchall()), dict[str, float]
    )
    (highest,) = database.execute("SELECT coalesce(max(number), 0) FROM incidents").fetchone()
    marks[NEXT_NUMBER] = max(marks.get(NEXT_NUMBER, 1), highest + 1)
    left = {
        "hosts": [(*row, bool(up)) for *row, up in database.execute("SELECT * FROM hosts")],
        "incidents": incidents,
        "told": dict(told.fetchall()),
        "notices": database.execute("SELECT id, body FROM outbox ORDER BY place").fetchall(),
        "marks": marks,
    }
    return msgspec.convert(left, Remembered)  # any column of a damaged journal may hold anything


def _write_late(database: sqlite3.Connection, rows: Rows, now: float) -> None:
    database.executemany(
        "INSERT OR IGNORE INTO readings VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (one.host, one.boot, one.stream, one.seq, one.wall_ms, now, encode(one.message))
            for one in rows.readings
        ],
    )
    database.executemany(
        "INSERT OR REPLACE INTO heard VALUES (?, ?, ?, ?, ?)",
        [
            (page.host, page.stream, page.boot, now, msgspec.json.encode(page.ranges))
            for page in rows.pages
        ],
    )


_decode_ranges = msgspec.json.Decoder(list[tuple[int, int]]).decode
_COLUMNS = (
    "number",
    "scope",
    "venue",
    "host",
    "check",
    "cause",
    "opened_at",
    "silent_since",
    "closed_at",
    "falls",
)
_JSON_COLUMNS = ("children", "evidence", "alive")


def _row_of(incident: IncidentJson) -> tuple[object, ...]:
    plain = (getattr(incident, name) for name in _COLUMNS)
    told = (msgspec.json.encode(getattr(incident, name)).decode() for name in _JSON_COLUMNS)
    return (*plain, *told)


def _incident_of(row: tuple[object, ...]) -> IncidentJson:
    plain = dict(zip(_COLUMNS, row, strict=False))
    told = zip(_JSON_COLUMNS, row[len(_COLUMNS) :], strict=True)
    rest = {name: msgspec.json.decode(str(text)) for name, text in told}
    return msgspec.convert({**plain, **rest}, IncidentJson)
