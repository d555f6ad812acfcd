"""Writes and reads the file of a run: a SQLite database, written before what it says is done.

1. :meth:`RunFile.create` makes it whole, with every scenario, or not at all.
2. One **controller** at a time plays it: ``take_control``. Others read it meanwhile.
3. A scenario is begun, its steps are ordered, armed, begun, ended and healed, and it is ended.
   Each ``record_…`` is one transaction, on the disk's side of a ``kill -9`` when it returns.
4. A scenario that was begun and not ended is ``unfinished``: the next controller heals what its
   steps had armed, ends it as ``interrupted``, and begins it again, in another attempt.
5. ``abort`` may come from any process, at any time. From then on nothing is begun or ordered,
   until ``allow``.

A connection belongs to its thread and process: a worker opens the file itself.
"""

import contextlib
import os
import platform
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import msgspec

from venuewatch.base import clock, times
from venuewatch.base.config import one_line
from venuewatch.rehearsal.runfile import database, schema
from venuewatch.rehearsal.runfile.database import RunFileError, in_one_line
from venuewatch.rehearsal.runfile.rows import (
    About,
    AttemptState,
    Counter,
    Ending,
    Notice,
    Played,
    Row,
    Seen,
    Step,
    Well,
    Witness,
)
from venuewatch.rehearsal.scenario import Mode, Scenario

_OF_AN_ATTEMPT = (Step, Witness, Counter)
_TABLE_OF: Mapping[type[Row], str] = {
    Step: "step",
    Witness: "witness",
    Seen: "seen",
    Notice: "notice",
    Counter: "counter",
    Well: "well",
}


def _insertion(kind: type[Row]) -> str:
    columns, values = ", ".join(kind._fields), ", ".join(f":{name}" for name in kind._fields)
    if kind in _OF_AN_ATTEMPT:
        columns += ", attempt"
        values += ", (SELECT max(attempt) FROM attempt WHERE number = :number)"
    return f"INSERT INTO {_TABLE_OF[kind]} ({columns}) VALUES ({values})"  # noqa: S608 - ours


_INSERTIONS = {kind: _insertion(kind) for kind in _TABLE_OF}


class AbortedError(RunFileError):
    """The run was aborted: nothing may begin until that is allowed again."""


class ControlledError(RunFileError):
    """Another process plays the run."""


class RunFile:
    """The file of a run at ``path``, open; close it, or use it as a context."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._lock: sqlite3.Connection | None = None

    @classmethod
    def create(
        cls,
        path: Path,
        scenarios: Iterable[Scenario],
        *,
        plan: str,
        mode: Mode,
        seed: int,
        versions: Mapping[str, str],
    ) -> Self:
        """Make the file of a new run, with all that it is to play.

        Raises:
            RunFileError: there is one already, or it can not be made.
        """
        made = cls(path, database.create(path))
        about = {
            "plan": plan,
            "mode": mode,
            "seed": str(seed),
            "versions": msgspec.json.encode(dict(versions)).decode(),
            "state": "open",
        }
        try:
            with made._writing() as connection:
                schema.check_blank(connection)  # again: another may have been as quick
                schema.make(connection)
                connection.executemany("INSERT INTO run VALUES (?, ?)", about.items())
                connection.executemany(
                    "INSERT INTO scenario VALUES (?, ?, ?, ?)", map(_row_of, scenarios)
                )
        except BaseException:
            made.close()
            raise
        return made

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open it for reading and writing.

        Raises:
            RunFileError: there is none, it is of something else, or can not be used.
        """
        return cls(path, database.open_for_writing(path))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Open it for reading only, also where it can not be written, or while it is played.

        Raises:
            RunFileError: there is none, it is of something else, or can not be read.
        """
        return cls(path, database.open_for_reading(path))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close it, and let another control it."""
        self._connection.close()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def take_control(self) -> None:
        """Become the one controller of the run, until it is closed or this process ends.

        Raises:
            ControlledError: another is; it says who.
        """
        lock = database.lock(self.path)
        if lock is None:
            who = self.about().controller or "another process"
            raise ControlledError(f"{one_line(self.path)}: is played by {who}")
        self._lock = lock
        since = times.zoned(clock.wall(), None)
        self._set("controller", f"process {os.getpid()} on {platform.node()}, since {since}")

    def about(self) -> About:
        """Return what the run is of, and how it stands.

        Raises:
            RunFileError: the file does not say.
        """
        found = dict(self._fetch("SELECT key, value FROM run"))
        try:
            return About(
                plan=found["plan"],
                mode=msgspec.convert(found["mode"], Mode),
                seed=int(found["seed"]),
                versions=msgspec.json.decode(found["versions"], type=dict[str, str]),
                is_aborted=found["state"] == "aborted",
                controller=found.get("controller", ""),
            )
        except (KeyError, ValueError, msgspec.DecodeError) as error:
            words = one_line(error)
            raise RunFileError(f"{one_line(self.path)}: makes no sense at {words}") from None

    def check_plan(self, digest: str) -> None:
        """Check that the run is of the run sheet with ``digest``.

        Raises:
            RunFileError: it is of another.
        """
        plan = self.about().plan
        if plan != digest:
            raise RunFileError(
                f"{one_line(self.path)}: expected the run of plan {digest[:12]}, got one of"
                f" {plan[:12]}"
            )

    def scenarios(self) -> tuple[Played, ...]:
        """Return all scenarios of the run by number, and how far each came."""
        rows = self._fetch(
            "SELECT scenario, coalesce(state, 'waiting'), coalesce(world, ''), began_at, ended_at,"
            " coalesce(void_reason, ''), coalesce(attempt, 0)"
            " FROM scenario LEFT JOIN played USING (number) ORDER BY number"
        )
        return tuple(Played(_scenario_of(self.path, text), *more) for text, *more in rows)

    def check_may_begin(self) -> None:
        """Check that the run was not aborted.

        Raises:
            AbortedError: it was.
        """
        if self.is_aborted:
            raise AbortedError(f"{one_line(self.path)}: was aborted: --allow lets it go on")

    def unfinished(self) -> dict[int, tuple[str, ...]]:
        """Return the scenarios that were begun and not ended, each with the steps to be healed.

        A step may act from when it is ordered until it is healed.
        """
        rows = self._fetch(
            "SELECT number, step FROM played LEFT JOIN step USING (number, attempt)"
            " WHERE state = 'begun' GROUP BY number, step"
            " HAVING coalesce(sum(what = 'healed'), 0) = 0 ORDER BY number, min(at)"
        )
        begun = self._fetch("SELECT number FROM played WHERE state = 'begun' ORDER BY number")
        found: dict[int, tuple[str, ...]] = {number: () for (number,) in begun}
        for number, step in rows:
            found[number] += () if step is None else (step,)
        return found

    def abort(self, why: str = "") -> None:
        """Forbid that anything of the run begins, until ``allow``."""
        self._set("state", "aborted")
        self._set("aborted_why", why)

    def allow(self) -> None:
        """Take an abort back."""
        self._set("state", "open")

    @property
    def is_aborted(self) -> bool:
        """Whether the run was aborted; it may have been by another process."""
        return self.about().is_aborted

    def record_begun(self, number: int, *, world: str, at: float) -> int:
        """Begin a scenario; return which attempt it is, from 1 on.

        Raises:
            AbortedError: the run was aborted.
            ValueError: there is no such scenario, or it is begun or finished.
        """
        with self._writing(begins=True) as connection:
            attempt = self._next_attempt(number)
            connection.execute(
                "INSERT INTO attempt (number, attempt, world, state, began_at)"
                " VALUES (?, ?, ?, 'begun', ?)",
                (number, attempt, world, at),
            )
        return attempt

    def record_world(self, endings: Iterable[Ending], rows: Iterable[Row]) -> None:
        """Write all that came of a simulated world in one transaction: all of it or nothing.

        Raises:
            AbortedError: the run was aborted.
            ValueError: one of its scenarios is begun or finished already.
        """
        endings = tuple(endings)
        with self._writing(begins=True) as connection:
            for one in endings:
                attempt = self._next_attempt(one.number)
                connection.execute(
                    "INSERT INTO attempt (number, attempt, world, state, began_at, ended_at,"
                    " void_reason) VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (one.number, attempt, *one[1:]),
                )
            for row in rows:
                connection.execute(_INSERTIONS[type(row)], row._asdict())

    def record_ended(
        self, number: int, *, at: float, state: AttemptState = "ended", void_reason: str = ""
    ) -> None:
        """End a scenario that was begun; ``void_reason``: the stage could not make it true."""
        with self._writing() as connection:
            changed = connection.execute(
                "UPDATE attempt SET state = ?, ended_at = ?, void_reason = ?"
                " WHERE number = ? AND state = 'begun'",
                (state, at, void_reason, number),
            ).rowcount
            if not changed:
                raise ValueError(f"scenario {number} is not begun")

    def record(self, *rows: Row) -> None:
        """Write rows in one transaction: all of them or none.

        Raises:
            AbortedError: one orders or arms a step, and the run was aborted.
            ValueError: one is of a scenario that was never begun, or has no such word or time.
        """
        begins = any(isinstance(row, Step) and row.what in {"ordered", "armed"} for row in rows)
        with self._writing(begins=begins) as connection:
            for row in rows:
                connection.execute(_INSERTIONS[type(row)], row._asdict())

    def _next_attempt(self, number: int) -> int:
        """Return which attempt at a scenario is the next."""
        found = self._connection.execute(
            "SELECT attempt, state FROM scenario LEFT JOIN played USING (number) WHERE number = ?",
            (number,),
        ).fetchone()
        if found is None:
            raise ValueError(f"expected the number of a scenario, got {number}")
        if found[1] not in {None, "interrupted", "aborted"}:
            raise ValueError(f"scenario {number} is {found[1]} already")
        return int(found[0] or 0) + 1

    def _set(self, key: str, value: str) -> None:
        with self._writing() as connection:
            connection.execute("INSERT OR REPLACE INTO run VALUES (?, ?)", (key, value))

    def _fetch(self, query: str) -> list[tuple[Any, ...]]:
        with in_one_line(self.path):
            return self._connection.execute(query).fetchall()

    @contextlib.contextmanager
    def _writing(self, *, begins: bool = False) -> Iterator[sqlite3.Connection]:
        """Yield the database in a transaction; one that ``begins`` is refused after an abort."""
        connection = self._connection
        with in_one_line(self.path):
            connection.execute("BEGIN IMMEDIATE")
            try:
                if begins:
                    self.check_may_begin()
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:  # SQLite has ended it itself on a full disk
                    connection.execute("ROLLBACK")
                raise


def _row_of(scenario: Scenario) -> tuple[int, str, str, str]:
    orders = msgspec.json.encode(scenario.orders).decode()
    return scenario.number, scenario.kind, orders, msgspec.json.encode(scenario).decode()


def _scenario_of(path: Path, text: object) -> Scenario:
    try:
        return msgspec.json.decode(str(text), type=Scenario)
    except msgspec.DecodeError as error:
        raise RunFileError(f"{one_line(path)}: {one_line(error)}") from None
