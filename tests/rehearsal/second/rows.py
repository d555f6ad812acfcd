"""Rows of a run's file by plain queries, and whose each incident is by the rules of scoring.md."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

Row: TypeAlias = dict[str, Any]
Attempt: TypeAlias = tuple[int, int]

AFTER_S: Final = 60.0


class Incident(NamedTuple):
    """All that was said of an incident, by time."""

    world: str
    number: int
    seen: list[Row]
    notices: list[Row]

    @property
    def words(self) -> list[Row]:
        return self.seen or self.notices

    @property
    def subject(self) -> str:
        return str(self.words[0]["subject"])


class Run:
    """A run: its sheets by number, its attempts by world, and all else by attempt."""

    def __init__(self, path: Path) -> None:
        found = fetched(path, "SELECT number, scenario FROM scenario ORDER BY number")
        self.sheets: dict[int, Row] = {row["number"]: json.loads(row["scenario"]) for row in found}
        self.attempts: dict[str, list[Row]] = defaultdict(list)
        self.last: dict[int, Row] = {}
        for row in fetched(path, "SELECT * FROM attempt ORDER BY number, attempt"):
            self.attempts[row["world"]].append(row)
            self.last[row["number"]] = row
        self.well = fetched(path, "SELECT * FROM well ORDER BY at")
        self.steps = _by_attempt(fetched(path, "SELECT * FROM step ORDER BY at"))
        self.sights = _by_attempt(fetched(path, "SELECT * FROM witness ORDER BY at"))
        self.changes = fetched(path, "SELECT world, at FROM seen")
        self.counters = _by_attempt(fetched(path, "SELECT * FROM counter"))
        self.incidents = sorted(_incidents(path), key=lambda one: float(one.words[0]["at"]))

    def owner(self, incident: Incident) -> Attempt | None:
        """Return whose an incident is, by the first rule that fits."""
        at, subject = incident.words[0]["at"], incident.subject
        begun = [each for each in self.attempts[incident.world] if each["began_at"] <= at]
        now = [each for each in begun if each["ended_at"] is None or at <= each["ended_at"]]
        late = [
            each
            for each in begun
            if each["ended_at"] is not None and each["ended_at"] < at <= each["ended_at"] + AFTER_S
        ]
        rules: tuple[tuple[list[Row], Callable[[Row], bool]], ...] = (
            (now, lambda sheet: _is_named(sheet, subject)),
            (late, lambda sheet: _is_named(sheet, subject)),
            (now, lambda sheet: parts(subject)[1] in sheet["venues"]),
            (late, lambda sheet: _is_touched(sheet, subject)),
            (now, lambda _sheet: True),
        )
        for attempts, fits in rules:
            found = [
                (float(each["began_at"]), int(each["number"]), int(each["attempt"]))
                for each in attempts
                if fits(self.sheets[each["number"]])
            ]
            if found:
                _, number, attempt = max(found)
                return number, attempt
        return None

    def step(self, own: Attempt, name: str) -> tuple[float | None, float | None]:
        """Return when a step began and ended."""
        at: dict[str, list[float]] = defaultdict(list)
        for row in self.steps[own]:
            if row["step"] == name:
                at[row["what"]].append(row["at"])
        ended = max(at["ended"]) if at["ended"] else min(at["healed"], default=None)
        return min(at["begun"], default=None), ended

    def until(self, world: str) -> float:
        """Return the last that is known of a world."""
        at = [row["at"] for row in (*self.well, *self.changes) if row["world"] == world]
        for each in self.attempts[world]:
            at.append(each["began_at"])
            if each["state"] in {"ended", "given_up"} and each["ended_at"] is not None:
                at.append(each["ended_at"])
        return float(max(at))

    def seen_of(self, own: Attempt, step: str, phase: str) -> list[str]:
        """Return what the witness of a step saw in a phase, by time."""
        rows = self.sights[own]
        return [row["sees"] for row in rows if (row["step"], row["phase"]) == (step, phase)]

    def unwell(self, attempt: Row) -> list[str]:
        """Return who said that the world was not well, as an attempt began or in it.

        A monitor's word counts whenever it names the scenario.
        """
        found = []
        at_begin: dict[tuple[str, int | None], bool] = {}
        ends_at = float("inf") if attempt["ended_at"] is None else attempt["ended_at"]
        for row in self.well:
            if row["world"] != attempt["world"]:
                continue
            if row["by"] == "monitor":
                if row["number"] == attempt["number"] and not row["is_well"]:
                    found.append("monitor")
            elif row["number"] in {None, attempt["number"]}:
                if row["at"] <= attempt["began_at"]:
                    at_begin[row["by"], row["number"]] = bool(row["is_well"])
                elif row["at"] <= ends_at and not row["is_well"]:
                    found.append(row["by"])
        return found + [by for (by, _), is_well in at_begin.items() if not is_well]


def fetched(path: Path, query: str) -> list[Row]:
    """Return the rows that a query finds."""
    with closing(sqlite3.connect(path)) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute(query)]


def parts(subject: str) -> tuple[str, str, str, str]:
    """Return scope, venue, host and check."""
    scope, _, path = subject.partition(":")
    venue, host, check = [*path.split("/", 2), "", ""][:3]
    return scope, venue, host, check


def holds(outer: str, inner: str) -> bool:
    """Tell whether one is the other, or has it in it."""
    (scope, venue, host, check), its = parts(outer), parts(inner)
    if outer == inner or "centre" in {scope, its[0]}:
        return scope == its[0]
    return venue == its[1] and host in {"", its[2]} and check in {"", its[3]}


def overlap(one: str, other: str) -> bool:
    """Tell whether one of two has the other in it."""
    return holds(one, other) or holds(other, one)


def is_by(subject: str, pattern: str) -> bool:
    """Tell whether an allowance is about a subject."""
    pairs = zip(parts(pattern), parts(subject), strict=True)
    return all(each in {"*", other} for each, other in pairs)


def subjects_of(sheet: Row) -> list[str]:
    """Return what is expected to be told of."""
    return [each["subject"] for each in sheet["expected"]]


def _is_named(sheet: Row, subject: str) -> bool:
    is_allowed = any(is_by(subject, each["subject"]) for each in sheet["allowed"])
    return is_allowed or subject in subjects_of(sheet)


def _is_touched(sheet: Row, subject: str) -> bool:
    hit = [target for order in sheet["orders"] for target in order["targets"]]
    return any(overlap(each, subject) for each in [*hit, *subjects_of(sheet)])


def _by_attempt(rows: Iterable[Row]) -> dict[Attempt, list[Row]]:
    found: dict[Attempt, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["number"], row["attempt"]].append(row)
    return found


def _incidents(path: Path) -> Iterator[Incident]:
    seen = fetched(path, "SELECT * FROM seen ORDER BY at")
    notices = fetched(path, "SELECT * FROM notice WHERE accepted ORDER BY at")
    found: dict[tuple[str, str, int], tuple[list[Row], list[Row]]] = defaultdict(lambda: ([], []))
    for place, rows in enumerate((seen, notices)):
        for row in rows:
            found[row["world"], row["aggregator_run"], row["incident"]][place].append(row)
    for (world, _, number), words in found.items():
        yield Incident(world, number, *words)
