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
from aggregator.shell.http.api.record import IncidentJson, Time
from aggregator.shell.journal import late_readings
from aggregator.shell.journal.late_readings import ReadingRow
from aggregator.shell.journal.table import Table
from venuewatch.base.wire.messages import Count, Period

ALIVE_AT = "alive_at"
"""The mark of when the process was last known to run."""

NEXT_NUMBER = "next_number"
"""The mark of the lowest number that no incident ever had."""

KNOWN = "known"
"""The change of a row that stands for one which is not known any more."""

RECENT = 200
"""How many closed incidents the next process reads, so that a backlog can correct them."""


class HeardRow(msgspec.Struct, frozen=True):
    """The numbers that were heard of one stream of one boot of a host."""

    host: str
    stream: str
    boot: str
    stored_s: float
    ranges: Sequence[tuple[Count, Count]]


class ChangeRow(msgspec.Struct, frozen=True):
    """One change of an incident; ``seq`` counts them from 1. See ``KNOWN`` for another word."""

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

    id: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,16}-[0-9]{1,16}\Z")]
    body: bytes


class MarkRow(msgspec.Struct, frozen=True):
    """A named number, as ``ALIVE_AT``."""

    name: str
    value: Time


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
    """The content of one transaction; ``at`` is when it was ordered.

    ``forgotten``: whose pages are deleted, before others are written. ``gone`` are hosts that are
    forgotten, ``settled`` the ids of notices that wait no more.
    ``known`` stand for changes that are not known any more: of each incident the last one.
    ``catalogues``: those that the readings need, packed, by key.
    """

    readings: Sequence[ReadingRow] = ()
    pages: Sequence[HeardRanges] = ()
    forgotten: Sequence[Numbering] = ()
    incidents: Sequence[IncidentJson] = ()
    changes: Sequence[ChangeRow] = ()
    known: Sequence[ChangeRow] = ()
    transitions: Sequence[TransitionRow] = ()
    hosts: Sequence[HostRow] = ()
    gone: Sequence[str] = ()
    notices: Sequence[Notice] = ()
    settled: Sequence[str] = ()
    marks: Mapping[str, float] = {}
    catalogues: Mapping[str, bytes] = {}
    at: float = 0.0


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
    marks: dict[str, float]
    heard: Sequence[HeardRanges]
    skipped: Counter[str]


def nothing_known(next_number: int) -> JournalContent:
    """Return what is left where nothing can be read: the number to go on with."""
    return JournalContent((), (), {}, (), {NEXT_NUMBER: next_number}, (), Counter())


def write(database: sqlite3.Connection, rows: Rows) -> None:
    """Write ``rows``, in the transaction of the caller."""
    at = rows.at
    heard = [HeardRow(page.host, page.stream, page.boot, at, page.ranges) for page in rows.pages]
    marks = [MarkRow(name, value) for name, value in rows.marks.items()]
    late_readings.write(database, rows.readings, rows.catalogues)
    database.executemany(
        "DELETE FROM heard WHERE host = ? AND stream = ? AND boot = ?", rows.forgotten
    )
    HEARD.insert(database, heard, verb=_UPSERT)
    INCIDENTS.insert(database, rows.incidents, verb=_UPSERT)
    CHANGES.insert(database, rows.known, verb="INSERT OR IGNORE")
    CHANGES.insert(database, rows.changes, verb=_UPSERT)
    TRANSITIONS.insert(database, rows.transitions)
    database.executemany("DELETE FROM hosts WHERE host = ?", [(host,) for host in rows.gone])
    HOSTS.insert(database, rows.hosts, verb=_UPSERT)
    OUTBOX.insert(database, rows.notices, verb="INSERT OR IGNORE")
    database.executemany("DELETE FROM outbox WHERE id = ?", [(id_,) for id_ in rows.settled])
    MARKS.insert(database, marks, verb=_UPSERT)


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
    highest = [
        database.execute(
            f"SELECT coalesce(max(number), 0) FROM {table} WHERE number BETWEEN 1 AND ?",  # noqa: S608
            (_COUNT_MAX,),
        ).fetchone()[0]
        for table in (INCIDENTS.name, CHANGES.name)
    ]
    return _content(
        HOSTS.select(database, skipped=skipped),
        INCIDENTS.select(database, recent, (RECENT,), skipped=skipped),
        dict(told.fetchall()),
        OUTBOX.select(database, "ORDER BY place", skipped=skipped),
        MARKS.select(database, skipped=skipped),
        HEARD.select(database, "ORDER BY stored_s", skipped=skipped),
        skipped=skipped,
        next_number=max(highest) + 1,
    )


def read_sound(database: sqlite3.Connection, unknown_number: int) -> JournalContent:
    """Return what can be read of a damaged journal, from either end of each table.

    ``unknown_number``: the number to go on with where none can be read.
    """
    skipped: Counter[str] = Counter()
    incidents = INCIDENTS.select_sound(database, "number", skipped=skipped)
    changes = CHANGES.select_sound(database, "number, seq", skipped=skipped)
    marks = MARKS.select_sound(database, "name", skipped=skipped)
    told: dict[int, int] = {}
    for change in changes:
        told[change.number] = max(told.get(change.number, 0), change.seq)
    is_known = any(mark.name == NEXT_NUMBER for mark in marks)
    is_known |= not skipped[MARKS.name] and not skipped[INCIDENTS.name]
    numbers = (*told, *(each.number for each in incidents))
    still_open = [each for each in incidents if each.closed_at is None]
    over = [each for each in incidents if each.closed_at is not None]
    latest = sorted(over, key=lambda each: each.closed_at or 0.0)[-RECENT:]
    return _content(
        HOSTS.select_sound(database, "host", skipped=skipped),
        sorted([*still_open, *latest], key=lambda each: each.number),
        told,
        OUTBOX.select_sound(database, "place", skipped=skipped),
        marks,
        HEARD.select_sound(database, "host, stream, boot", skipped=skipped),
        skipped=skipped,
        next_number=max(numbers, default=0) + 1 if is_known else unknown_number,
    )


def _content(  # noqa: PLR0913 - each is a table
    hosts: Sequence[HostRow],
    incidents: Sequence[IncidentJson],
    told: Mapping[int, int],
    notices: Sequence[Notice],
    marks: Sequence[MarkRow],
    heard: Sequence[HeardRow],
    *,
    skipped: Counter[str],
    next_number: int,
) -> JournalContent:
    """Return what is left, without ranges and notices that make no sense, or numbers in use."""
    known = [row for row in heard if _is_ascending(row.ranges)]
    readable = [notice for notice in notices if _is_text(notice.body)]
    skipped[HEARD.name] += len(heard) - len(known)
    skipped[OUTBOX.name] += len(notices) - len(readable)
    numbers = {mark.name: mark.value for mark in marks}
    numbers[NEXT_NUMBER] = max(numbers.get(NEXT_NUMBER, 1), next_number)
    return JournalContent(
        hosts,
        incidents,
        told,
        readable,
        numbers,
        [HeardRanges(row.host, row.stream, row.boot, row.ranges) for row in known],
        skipped,
    )


def _is_ascending(ranges: Ranges) -> bool:
    is_apart = all(before[1] < after[0] for before, after in pairwise(ranges))
    return is_apart and all(low <= high for low, high in ranges)


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
