"""Columns of a run's file that a score may read, and the one place that reads them.

Of the run sheet: number and text, of which :mod:`view` takes kind, venues, targets and expectation.
Of the injector: when a step began and ended. Besides: what the witness saw, what reader and
receiver got, counted numbers, and the word that the world was not well.
"""

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, get_args, get_type_hints

import msgspec

from venuewatch.base.config import one_line
from venuewatch.rehearsal.runfile.database import RunFileError, in_one_line, open_for_reading
from venuewatch.rehearsal.runfile.rows import (
    AttemptState,
    Change,
    Phase,
    Sees,
    StepWhat,
    WellBy,
)


class ScenarioRow(NamedTuple):
    """A scenario of the run sheet, as JSON."""

    number: int
    scenario: str


class AttemptRow(NamedTuple):
    """One time that a scenario was played."""

    number: int
    attempt: int
    world: str
    state: AttemptState
    began_at: float
    ended_at: float | None
    void_reason: str


class StepRow(NamedTuple):
    """Something that the injector did with a step."""

    number: int
    attempt: int
    step: str
    what: StepWhat
    at: float


class WitnessRow(NamedTuple):
    """Something that a witness saw of a step."""

    number: int
    attempt: int
    step: str
    at: float
    phase: Phase
    sees: Sees


class SeenRow(NamedTuple):
    """A change of an incident, at an outside reader."""

    world: str
    aggregator_run: str
    incident: int
    at: float
    change: Change
    subject: str
    cause: str
    children: int
    opened_at: float | None


class NoticeRow(NamedTuple):
    """A notice, as its receiver answered it."""

    world: str
    aggregator_run: str
    incident: int
    at: float
    change: Change
    subject: str
    cause: str
    receiver: str
    seq: int
    accepted: int


class CounterRow(NamedTuple):
    """A number of the monitor's, before and after a scenario."""

    number: int
    attempt: int
    metric: str
    before: float | None
    after: float | None


class WellRow(NamedTuple):
    """A word that the world was well, or not."""

    world: str
    at: float
    by: WellBy
    is_well: int
    number: int | None


class Rows(NamedTuple):
    """The rows of each table, as they were written."""

    scenario: list[ScenarioRow]
    attempt: list[AttemptRow]
    step: list[StepRow]
    witness: list[WitnessRow]
    seen: list[SeenRow]
    notice: list[NoticeRow]
    counter: list[CounterRow]
    well: list[WellRow]


_KINDS: Final[Mapping[str, type[Any]]] = {
    table: get_args(kind)[0] for table, kind in get_type_hints(Rows).items()
}
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    table: kind._fields for table, kind in _KINDS.items()
}
"""All that is read. ``opened_at`` is shown and decides nothing; of ``scenario`` see ``view``."""

_ORDER: Final = {"attempt": "number, attempt"}  # the others by rowid: as they were written


def read_rows(path: Path) -> Rows:
    """Read a run's file, as it is at one moment: the run may still be played.

    Raises:
        RunFileError: it is of something else, or can't be read.
    """
    database = open_for_reading(path)
    try:
        with in_one_line(path):
            database.execute("BEGIN")
            return Rows(*(_fetch(database, table) for table in COLUMNS))
    except ValueError as error:
        raise RunFileError(f"{one_line(path)}: {one_line(error)}") from None
    finally:
        database.close()


def _fetch(database: sqlite3.Connection, table: str) -> list[Any]:
    """Return the rows of a table, each value of its type.

    Raises:
        ValueError: one is not.
    """
    columns, order = ", ".join(COLUMNS[table]), _ORDER.get(table, "rowid")
    found = database.execute(f"SELECT {columns} FROM {table} ORDER BY {order}")  # noqa: S608 - ours
    try:
        return msgspec.convert(found.fetchall(), list[_KINDS[table]])  # type: ignore[valid-type]
    except msgspec.ValidationError as error:
        raise ValueError(f"table {table}: {error}") from None
