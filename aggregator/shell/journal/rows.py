"""Rows of the journal: what one transaction stores, and what the next process reads.

Times are s since 1970.
"""

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Annotated, NamedTuple

import msgspec

from aggregator.core.dedup import HeardRanges, Numbering, Ranges
from aggregator.core.outputs import LateReading
from aggregator.shell.http.api.record import IncidentJson, Time
from aggregator.shell.journal.table import Table
from venuewatch.base.wire.messages import Count, Period, encode

ALIVE_AT = "alive_at"
"""The mark of when the process was last known to run."""

NEXT_NUMBER = "next_number"
"""The mark of the lowest number that no incident ever had."""

RECENT = 200
"""How many closed incidents the next process reads, so that a backlog can correct them."""


class ReadingRow(msgspec.Struct, frozen=True):
    """A reading that came late; ``taken_ms`` is the host's own clock when it was taken."""

    host: str
    boot: str
    stream: str
    seq: int
    taken_ms: int
    stored_s: float
    body: bytes


class HeardRow(msgspec.Struct, frozen=True):
    """The numbers that were heard of one stream of one boot of a host."""

    host: str
    stream: str
    boot: str
    stored_s: float
    ranges: Sequence[tuple[Count, Count]]


class ChangeRow(msgspec.Struct, frozen=True):
    """One change of an incident; ``seq`` counts them from 1."""

    number: int
    seq: int
    at: float
    change: str
    cause: str


class TransitionRow(msgspec.Struct, frozen=True):
    """A host's way from one state to another."""

    at: float
    venue: str
    host: str
    before: str
    after: str
    why: str
    silent_since: float | None


class HostRow(msgspec.Struct, frozen=True):
    """A host's present state.

    ``interval_s``: how often it beats. ``was_up``: it counts as up while it is unknown.
    """

    host: str
    venue: str
    state: str
    since: Time
    cause: str | None
    interval_s: Period
    evidence_at: Time | None
    was_up: bool


class Notice(msgspec.Struct, frozen=True):
    """One message to the webhook: ``id`` is the same each time that it is tried."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[0-9]+-[0-9]+\Z")]
    body: bytes


class MarkRow(msgspec.Struct, frozen=True):
    """A named number, as ``ALIVE_AT``."""

    name: str
    value: Time


READINGS = Table("readings", ReadingRow)
HEARD = Table("heard", HeardRow)
INCIDENTS = Table("incidents", IncidentJson, renamed={"check": "check_name"})  # SQL has a CHECK
CHANGES = Table("changes", ChangeRow)
TRANSITIONS = Table("transitions", TransitionRow)
HOSTS = Table("hosts", HostRow)
OUTBOX = Table("outbox", Notice)
MARKS = Table("marks", MarkRow)

KEEP_HIGHER = "ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)"
"""Behind an insertion of marks: of two of one name the higher stays."""

_COUNT_MAX = 2**53  # text and blobs are above any number
_UPSERT = "INSERT OR REPLACE"


class Rows(NamedTuple):
    """The content of one transaction.

    ``forgotten``: whose pages are deleted, before others are written. ``gone`` are hosts that are
    forgotten, ``settled`` the ids of notices that wait no more.
    """

    readings: Sequence[LateReading] = ()
    pages: Sequence[HeardRanges] = ()
    forgotten: Sequence[Numbering] = ()
    incidents: Sequence[IncidentJson] = ()
    changes: Sequence[ChangeRow] = ()
    transitions: Sequence[TransitionRow] = ()
    hosts: Sequence[HostRow] = ()
    gone: Sequence[str] = ()
    notices: Sequence[Notice] = ()
    settled: Sequence[str] = ()
    marks: Mapping[str, float] = {}


class JournalContent(msgspec.Struct, frozen=True):
    """What earlier processes have left.

    ``told`` is the number of changes of each open incident; ``notices`` are still to be sent;
    ``heard`` are the numbers of readings that came; ``skipped`` counts the rows, by table, that
    make no sense.
    """

    hosts: Sequence[HostRow]
    incidents: Sequence[IncidentJson]
    told: Mapping[int, int]
    notices: Sequence[Notice]
    marks: Mapping[str, float]
    heard: Sequence[HeardRanges]
    skipped: Counter[str]


def write(database: sqlite3.Connection, rows: Rows, now: float) -> None:
    """Write ``rows`` at ``now``, in the transaction of the caller."""
    late = [
        ReadingRow(one.host, one.boot, one.stream, one.seq, one.wall_ms, now, encode(one.message))
        for one in rows.readings
    ]
    heard = [HeardRow(page.host, page.stream, page.boot, now, page.ranges) for page in rows.pages]
    marks = [MarkRow(name, value) for name, value in rows.marks.items()]
    READINGS.insert(database, late, verb="INSERT OR IGNORE")
    database.executemany(
        "DELETE FROM heard WHERE host = ? AND stream = ? AND boot = ?", rows.forgotten
    )
    HEARD.insert(database, heard, verb=_UPSERT)
    INCIDENTS.insert(database, rows.incidents, verb=_UPSERT)
    CHANGES.insert(database, rows.changes, verb=_UPSERT)
    TRANSITIONS.insert(database, rows.transitions)
    database.executemany("DELETE FROM hosts WHERE host = ?", [(host,) for host in rows.gone])
    HOSTS.insert(database, rows.hosts, verb=_UPSERT)
    OUTBOX.insert(database, rows.notices, verb="INSERT OR IGNORE")
    database.executemany("DELETE FROM outbox WHERE id = ?", [(id_,) for id_ in rows.settled])
    MARKS.insert(database, marks, verb=_UPSERT)


def forget(database: sqlite3.Connection, before: float) -> None:
    """Delete what is older, in the transaction of the caller; what is open stays."""
    database.execute("DELETE FROM readings WHERE stored_s < ?", (before,))
    database.execute("DELETE FROM heard WHERE stored_s < ?", (before,))
    database.execute("DELETE FROM transitions WHERE at < ?", (before,))
    database.execute("DELETE FROM incidents WHERE closed_at < ?", (before,))
    database.execute("DELETE FROM changes WHERE number NOT IN (SELECT number FROM incidents)")


def read(database: sqlite3.Connection) -> JournalContent:
    """Return what earlier processes have left, as far as it makes sense.

    Raises:
        sqlite3.Error: the journal is damaged.
    """
    skipped: Counter[str] = Counter()
    recent = (
        "WHERE closed_at IS NULL OR number IN (SELECT number FROM incidents"
        " WHERE closed_at IS NOT NULL ORDER BY closed_at DESC LIMIT ?) ORDER BY number"
    )
    told = database.execute(
        "SELECT number, max(seq) FROM changes WHERE number IN"
        " (SELECT number FROM incidents WHERE closed_at IS NULL)"
        " AND number BETWEEN 1 AND ? AND seq BETWEEN 1 AND ? GROUP BY number",
        (_COUNT_MAX, _COUNT_MAX),
    )
    (highest,) = database.execute(
        "SELECT coalesce(max(number), 0) FROM incidents WHERE number BETWEEN 1 AND ?", (_COUNT_MAX,)
    ).fetchone()
    marks = {mark.name: mark.value for mark in MARKS.select(database, skipped=skipped)}
    heard = HEARD.select(database, "ORDER BY stored_s", skipped=skipped)
    known = [row for row in heard if _is_ascending(row.ranges)]
    skipped[HEARD.name] += len(heard) - len(known)
    marks[NEXT_NUMBER] = max(marks.get(NEXT_NUMBER, 1), highest + 1)
    return JournalContent(
        HOSTS.select(database, skipped=skipped),
        INCIDENTS.select(database, recent, (RECENT,), skipped=skipped),
        dict(told.fetchall()),
        OUTBOX.select(database, "ORDER BY place", skipped=skipped),
        marks,
        [HeardRanges(row.host, row.stream, row.boot, row.ranges) for row in known],
        skipped,
    )


def _is_ascending(ranges: Ranges) -> bool:
    is_apart = all(before[1] < after[0] for before, after in pairwise(ranges))
    return is_apart and all(low <= high for low, high in ranges)
