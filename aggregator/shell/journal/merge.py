"""Merge of a journal that was set aside into the present one, which is the later of the two.

Rows that are facts are added: readings, transitions, incidents, changes, notices. How things
stand is what the later journal has; what it never met is as the earlier one left it.
"""

import sqlite3
from collections.abc import Callable, Iterable
from typing import TypeAlias

import msgspec

from aggregator.core.dedup import HeardRanges, Ranges
from aggregator.core.states import ALIVE, HostState, Trigger
from aggregator.shell.http.api.record import IncidentJson
from aggregator.shell.journal import late_readings, rows
from aggregator.shell.journal.rows import ALIVE_AT, ChangeRow, HostRow, Notice, TransitionRow

MERGED = "merged "
"""How the mark of a file begins whose rows are in the journal."""

ClosingNotice: TypeAlias = Callable[[IncidentJson, int], Notice]
"""Makes the notice that an incident is closed, which is its change of that number."""

_EARLIER = "aside"
_OPEN = "WHERE closed_at IS NULL"


def merge(database: sqlite3.Connection, now: float, closing_notice: ClosingNotice) -> None:
    """Merge the database that is attached as ``aside``, in the transaction of the caller.

    Raises:
        sqlite3.Error, msgspec.MsgspecError: it is damaged, or both have an incident of one number.
    """
    hosts, transitions = _hosts(database, now)
    incidents, changes, notices = _superseded(database, closing_notice)
    pages = _heard(database)
    late_readings.copy(database, _EARLIER)
    rows.TRANSITIONS.copy(database, _EARLIER)
    rows.INCIDENTS.copy(database, _EARLIER)
    rows.CHANGES.copy(database, _EARLIER)
    rows.OUTBOX.copy(database, _EARLIER, "ORDER BY place")
    rows.MARKS.copy(database, _EARLIER, f"WHERE name NOT LIKE '{MERGED}%' {rows.KEEP_HIGHER}")
    found = rows.Rows(pages=pages, incidents=incidents, changes=changes, transitions=transitions)
    rows.write(database, found._replace(hosts=hosts, notices=notices, at=now))


def _hosts(database: sqlite3.Connection, now: float) -> tuple[list[HostRow], list[TransitionRow]]:
    """Return hosts that the later journal never met, and when the earlier one lost sight of all."""
    later = {row.host: row for row in rows.HOSTS.select(database)}
    marks = {mark.name: mark.value for mark in rows.MARKS.select(database, source=_EARLIER)}
    hosts, transitions = [], []
    for was in rows.HOSTS.select(database, source=_EARLIER):
        known = later.get(was.host)
        is_met = known is not None and known.state != HostState.UNSEEN
        since = max(was.since, marks.get(ALIVE_AT, 0.0))
        row = was
        if is_met or was.state in ALIVE:
            row = msgspec.structs.replace(was, state=HostState.UNKNOWN.value, since=since)
        if not is_met:
            hosts.append(row)
        transitions += _transition(was, was.state, row.state, since)
        if known is not None and not is_met:
            transitions += _transition(was, known.state, row.state, now)
    return hosts, transitions


def _transition(host: HostRow, before: str, after: str, at: float) -> list[TransitionRow]:
    if before == after:
        return []
    why = Trigger.BLINDED.value
    return [TransitionRow(at, host.venue, host.host, before, after, why, host.evidence_at)]


def _superseded(
    database: sqlite3.Connection, closing_notice: ClosingNotice
) -> tuple[list[IncidentJson], list[ChangeRow], list[Notice]]:
    """End each open incident of whose subject the later journal has opened another one."""
    later = {_subject(each): each.opened_at for each in rows.INCIDENTS.select(database, _OPEN)}
    incidents, changes, notices = [], [], []
    for was in rows.INCIDENTS.select(database, _OPEN, source=_EARLIER):
        at = later.get(_subject(was))
        if at is not None:
            (seq,) = database.execute(
                "SELECT coalesce(max(seq), 0) + 1 FROM aside.changes WHERE number = ?",
                (was.number,),
            ).fetchone()
            incidents.append(msgspec.structs.replace(was, closed_at=at))
            changes.append(ChangeRow(was.number, seq, at, "closed", was.cause))
            notices.append(closing_notice(incidents[-1], seq))
    return incidents, changes, notices


def _subject(incident: IncidentJson) -> tuple[str, ...]:
    return incident.scope, incident.venue, incident.host, incident.check


def _heard(database: sqlite3.Connection) -> list[HeardRanges]:
    """Return what either has heard, of each numbering that the earlier one knows."""
    later = {(row.host, row.stream, row.boot): row for row in rows.HEARD.select(database)}
    pages = []
    for was in rows.HEARD.select(database, source=_EARLIER):
        key = was.host, was.stream, was.boot
        ranges = _joined([*was.ranges, *(later[key].ranges if key in later else ())])
        pages.append(HeardRanges(*key, ranges))
    return pages


def _joined(ranges: Iterable[tuple[int, int]]) -> Ranges:
    joined: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = joined[-1][0], max(high, joined[-1][1])
        else:
            joined.append((low, high))
    return joined
