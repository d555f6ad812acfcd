"""View of a run's file: the one place where a score reads it, and just the columns it may use.

Of the run sheet: number, kind, venues, targets, expectation. Of the injector: when a step began and
ended. Besides: what the witness saw, what reader and receiver got, counted numbers, and the word
that the world was not well. No seed, no fault, no title, no order's length, no detail.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from venuewatch.base.config import one_line
from venuewatch.rehearsal.runfile.database import RunFileError, in_one_line, open_for_reading
from venuewatch.rehearsal.scenario import Allowed, Counted, Expectation, subject_of
from venuewatch.rehearsal.score.belonging import Owner, Window, owners
from venuewatch.rehearsal.score.evidence import (
    Evidence,
    Judged,
    Key,
    Sight,
    StepTimes,
    Target,
    Told,
    Unwell,
    Word,
)
from venuewatch.rehearsal.score.result import FalseAlarm

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "scenario": ("number", "scenario"),
    "attempt": (
        "number",
        "attempt",
        "world",
        "state",
        "began_at",
        "ended_at",
        "void_reason",
    ),
    "step": ("number", "attempt", "step", "what", "at"),
    "witness": ("number", "attempt", "step", "at", "phase", "sees"),
    "seen": (
        "world",
        "aggregator_run",
        "incident",
        "at",
        "change",
        "subject",
        "cause",
        "children",
        "opened_at",
    ),
    "notice": (
        "world",
        "aggregator_run",
        "incident",
        "at",
        "change",
        "subject",
        "cause",
        "receiver",
        "seq",
        "accepted",
    ),
    "counter": ("number", "attempt", "metric", "before", "after"),
    "well": ("world", "at", "by", "is_well", "number"),
}
"""All that is read. ``opened_at`` is shown and decides nothing; of ``scenario`` see ``_Sheet``."""


class _Aim(msgspec.Struct, frozen=True):
    step: str
    targets: tuple[str, ...]


class _Sheet(msgspec.Struct, frozen=True):
    """What is read of a scenario of the run sheet; anything else is passed over."""

    number: int
    kind: str
    venues: tuple[str, ...]
    orders: tuple[_Aim, ...] = ()
    expected: tuple[Expectation, ...] = ()
    allowed: tuple[Allowed, ...] = ()
    counted: tuple[Counted, ...] = ()


class Case(NamedTuple):
    """A scenario and what is known of its last attempt; ``incidents``: of all attempts."""

    scenario: Judged
    evidence: Evidence
    incidents: int


class View(NamedTuple):
    """A run as a score may see it. ``incidents``: how many there were in all."""

    cases: tuple[Case, ...]
    between: tuple[FalseAlarm, ...]
    unwell: tuple[FalseAlarm, ...]
    incidents: int


def read(path: Path, *, after_s: float) -> View:
    """Read a run's file; an incident up to ``after_s`` after a scenario may still be its own.

    Raises:
        RunFileError: it is of something else, or can't be read.
    """
    database = open_for_reading(path)
    try:
        with in_one_line(path):
            database.execute("BEGIN")  # one moment of a run that may still be played
            rows = {
                table: database.execute(
                    f"SELECT {', '.join(columns)} FROM {table} ORDER BY rowid"  # noqa: S608 - ours
                    if table != "attempt"
                    else f"SELECT {', '.join(columns)} FROM {table} ORDER BY number, attempt"  # noqa: S608
                ).fetchall()
                for table, columns in COLUMNS.items()
            }
        return _view(rows, after_s)
    except (msgspec.DecodeError, ValueError) as error:
        raise RunFileError(f"{one_line(path)}: {one_line(error)}") from None
    finally:
        database.close()


_Rows = Mapping[str, list[tuple[Any, ...]]]


def _view(rows: _Rows, after_s: float) -> View:
    scenarios = {row[0]: _judged(row[1]) for row in rows["scenario"]}
    windows = [
        Window(scenarios[number], attempt, world, began_at, ended_at)
        for number, attempt, world, _, began_at, ended_at, _ in rows["attempt"]
    ]
    told = _told(rows)
    for one in told:
        subject_of(one.subject)  # refused here, with the file's name
    whose = owners(told, windows, after_s)
    last = {row[0]: row for row in rows["attempt"]}
    evidence = _evidence(rows, last, told, whose)
    counts: dict[int, int] = defaultdict(int)
    for owner in whose.values():
        if owner is not None:
            counts[owner[0]] += 1
    return View(
        cases=tuple(
            Case(scenario, evidence(number), counts[number])
            for number, scenario in sorted(scenarios.items())
        ),
        between=tuple(_alarm(one) for one in told if whose[one.key] is None),
        unwell=tuple(
            FalseAlarm(world=world, at=at, subject="", cause="")
            for world, at, by, is_well, number in rows["well"]
            if by == "monitor" and not is_well and number is None
        ),
        incidents=len(told),
    )


def _judged(text: str) -> Judged:
    sheet = msgspec.json.decode(text, type=_Sheet)
    for subject in (
        *(target for order in sheet.orders for target in order.targets),
        *(one.subject for one in sheet.expected),
        *(one.subject for one in sheet.allowed),
    ):
        subject_of(subject)
    targets = tuple(Target(order.step, order.targets) for order in sheet.orders)
    return Judged(
        sheet.number,
        sheet.kind,
        sheet.venues,
        targets,
        sheet.expected,
        sheet.allowed,
        sheet.counted,
    )


def _told(rows: _Rows) -> list[Told]:
    """Return all incidents by when they were first said."""
    seen: dict[Key, list[Word]] = defaultdict(list)
    notices: dict[Key, list[Word]] = defaultdict(list)
    for world, run, number, *said in rows["seen"]:
        seen[Key(world, run, number)].append(Word(*said))
    for world, run, number, at, change, subject, cause, receiver, seq, accepted in rows["notice"]:
        if accepted:
            word = Word(at, change, subject, cause, receiver=receiver, seq=seq)
            notices[Key(world, run, number)].append(word)
    told = [
        Told(key, _by_time(seen.get(key, [])), _by_time(notices.get(key, [])))
        for key in {**seen, **notices}
    ]
    return sorted(told, key=lambda one: (one.first_at, one.key))


def _by_time(words: list[Word]) -> tuple[Word, ...]:
    return tuple(sorted(words, key=lambda word: word.at))


def _evidence(
    rows: _Rows,
    last: Mapping[int, tuple[Any, ...]],
    told: list[Told],
    whose: Mapping[Key, Owner],
) -> Callable[[int], Evidence]:
    """Return what gives the evidence of a scenario's last attempt."""
    by_owner: dict[Owner, list[Told]] = defaultdict(list)
    for one in told:
        by_owner[whose[one.key]].append(one)
    steps, sights, counters = _steps(rows), _sights(rows), _counters(rows)
    words: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for world, *word in rows["well"]:
        words[world].append(tuple(word))

    def of(number: int) -> Evidence:
        if number not in last:
            return Evidence("waiting")
        _, attempt, world, state, began_at, ended_at, void_reason = last[number]
        own = (number, attempt)
        return Evidence(
            state,
            world,
            began_at,
            ended_at,
            void_reason,
            steps.get(own, {}),
            tuple(sights.get(own, ())),
            tuple(by_owner.get(own, ())),
            counters.get(own, {}),
            tuple(_unwell(words[world], number, began_at, ended_at)),
        )

    return of


def _steps(rows: _Rows) -> dict[tuple[int, int], dict[str, StepTimes]]:
    """Return when steps first acted, and when they last ended; healed is ended, too."""
    found: dict[tuple[int, int], dict[str, StepTimes]] = defaultdict(dict)
    healed: dict[tuple[int, int, str], float] = {}
    for number, attempt, step, what, at in sorted(rows["step"], key=lambda row: row[-1]):
        of = found[number, attempt]
        times = of.get(step, StepTimes())
        if what == "begun" and times.began_at is None:
            of[step] = times._replace(began_at=at)
        elif what == "ended":
            of[step] = times._replace(ended_at=at)
        elif what == "healed":
            healed[number, attempt, step] = at
    for (number, attempt, step), at in healed.items():
        times = found[number, attempt].get(step, StepTimes())
        if times.ended_at is None:
            found[number, attempt][step] = times._replace(ended_at=at)
    return found


def _sights(rows: _Rows) -> dict[tuple[int, int], list[Sight]]:
    found: dict[tuple[int, int], list[Sight]] = defaultdict(list)
    for number, attempt, *sight in rows["witness"]:
        found[number, attempt].append(Sight(*sight))
    for sights in found.values():
        sights.sort(key=lambda sight: sight.at)
    return found


def _counters(
    rows: _Rows,
) -> dict[tuple[int, int], dict[str, tuple[float | None, float | None]]]:
    found: dict[tuple[int, int], dict[str, tuple[float | None, float | None]]] = defaultdict(dict)
    for number, attempt, metric, before, after in rows["counter"]:
        found[number, attempt][metric] = (before, after)
    return found


def _unwell(
    words: list[tuple[Any, ...]], number: int, began_at: float, ended_at: float | None
) -> Iterator[Unwell]:
    """Yield the words against a world as a scenario began and while it was played.

    The monitor's counts where it names the scenario, whenever that is.
    """
    until = float("inf") if ended_at is None else ended_at
    at_begin: dict[tuple[Any, Any], tuple[float, bool]] = {}
    for at, by, is_well, of in sorted(words, key=lambda word: word[0]):
        if by == "monitor":
            if of == number and not is_well:
                yield Unwell(by, at)
        elif of in {None, number}:
            if at <= began_at:
                at_begin[by, of] = (at, bool(is_well))
            elif at <= until and not is_well:
                yield Unwell(by, at)
    for (by, _), (at, is_well) in at_begin.items():
        if not is_well:
            yield Unwell(by, at)


def _alarm(told: Told) -> FalseAlarm:
    word = told.words[0]
    return FalseAlarm(world=told.key.world, at=word.at, subject=word.subject, cause=word.cause)
