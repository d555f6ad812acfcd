"""Lived time: how old a row of the journal is, by a clock that nobody can set.

The wall clock is no judge of age: one that is set a year ahead would make everything old at once.
So the journal counts the time that aggregators ran with it, and notes from time to time what the
wall clock showed then: a row of ``lived``. A row of another table has the wall time at which it
was stored; it is as old as the span of lived time in which the clock showed that.

Lived time is monotonic s, summed over all processes. Wall times are s since 1970.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import msgspec

from aggregator.shell.http.api.record import Time
from aggregator.shell.journal.table import Table

EVERY_S = 3_600.0
"""How much time (s) is lived between two rows."""

JUMP_S = 3_600.0
"""How far (s) the wall clock is set at once for a row of its own; less is a drift, or a zone."""

LIVED_S = "lived_s"
"""The mark of how much time was lived."""

_GAP_MAX_S = 2 * EVERY_S  # between two rows: more is damage
_APART_S = 0.001  # no two rows are of one moment
_BEFORE = 0.0  # the wall time of the first row: what was stored before it is of its time


class LivedRow(msgspec.Struct, frozen=True):
    """What the wall clock showed when ``lived_s`` had been lived."""

    lived_s: Time
    wall: Time


LIVED = Table("lived", LivedRow)


class Over(NamedTuple):
    """A span of wall time of which each row is old: from ``low`` to before ``high``.

    ``lived_s`` is the row of ``lived`` that tells it.
    """

    lived_s: float
    low: float
    high: float


class _Span(NamedTuple):
    lived_s: float
    low: float
    high: float
    is_old: bool


class Lived:
    """Counts lived time in one journal, from ``now`` (monotonic s) on."""

    def __init__(self, database: sqlite3.Connection, now: float, wall: float) -> None:
        """Go on from what is written, or begin; in the transaction of the caller."""
        total_s = _lived_s(database)
        if total_s is None:
            database.execute("DELETE FROM lived")
            LIVED.insert(database, [LivedRow(0.0, _BEFORE)])
            total_s = 0.0
        self._lived_s = self._row_at = total_s
        self._now, self._row_wall = now, wall
        self._add_row(database, wall)

    def note(self, database: sqlite3.Connection, now: float, wall: float) -> None:
        """Write down the time that was lived by ``now``, in the transaction of the caller."""
        self._lived_s += max(0.0, now - self._now)
        self._now = now
        lived_s = self._lived_s - self._row_at
        if lived_s >= EVERY_S or abs(wall - self._row_wall - lived_s) > JUMP_S:
            self._add_row(database, wall)
        database.execute("INSERT OR REPLACE INTO marks VALUES (?, ?)", (LIVED_S, self._lived_s))

    def over(self, database: sqlite3.Connection, keep_s: float) -> list[Over]:
        """Return the spans of wall time of which each row is older than ``keep_s`` of lived time.

        The caller deletes their rows, and then has them forgotten.
        """
        spans = list(_spans(_known(database), self._lived_s - keep_s))
        young = [span for span in spans if not span.is_old]
        return [
            Over(span.lived_s, span.low, span.high)
            for span in spans
            if span.is_old and not any(span.low < of.high and of.low < span.high for of in young)
        ]

    def forget(self, database: sqlite3.Connection, over: Iterable[Over]) -> None:
        """Know nothing more of these spans, in the transaction of the caller: they have no rows."""
        numbers = [(each.lived_s,) for each in over]
        database.executemany("DELETE FROM lived WHERE lived_s = ?", numbers)

    def _add_row(self, database: sqlite3.Connection, wall: float) -> None:
        self._lived_s = max(self._lived_s, self._row_at + _APART_S)
        self._row_at, self._row_wall = self._lived_s, wall
        LIVED.insert(database, [LivedRow(self._lived_s, max(0.0, wall))])


def _lived_s(database: sqlite3.Connection) -> float | None:
    """Return how much time was lived; None if that can not be told."""
    known = _known(database)
    if not known:
        return None
    last = known[-1].lived_s
    marked = database.execute("SELECT value FROM marks WHERE name = ?", (LIVED_S,)).fetchone()
    if marked is not None and _is_within(marked[0], last, last + _GAP_MAX_S):
        return float(marked[0])
    is_near = len(known) == 1 or last - known[-2].lived_s <= _GAP_MAX_S
    return last if is_near else None


def _known(database: sqlite3.Connection) -> list[LivedRow]:
    """Return the rows in order; none if one of them makes no sense."""
    skipped: Counter[str] = Counter()
    rows = LIVED.select(database, "ORDER BY lived_s", skipped=skipped)
    return [] if skipped else rows


def _spans(rows: Sequence[LivedRow], old_before_s: float) -> Iterable[_Span]:
    """Yield the wall time of each row: as long as was lived, or until that of the next."""
    if rows:
        last = rows[-1]
        yield _Span(last.lived_s, last.wall, last.wall + _GAP_MAX_S, is_old=False)
    for row, after in pairwise(rows):
        high = row.wall + after.lived_s - row.lived_s
        if abs(after.wall - high) <= JUMP_S or not row.wall:
            high = max(high, after.wall)
        yield _Span(row.lived_s, row.wall, high, is_old=after.lived_s < old_before_s)


def _is_within(value: object, low: float, high: float) -> bool:
    return isinstance(value, float | int) and low <= value <= high
