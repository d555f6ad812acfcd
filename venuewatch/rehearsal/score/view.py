"""View of a run: the evidence of each scenario, and the incidents that belong to none.

All that it knows are the columns of :mod:`columns`, and of a scenario's text ``_Sheet``: kind,
targets, expectation. No seed, no fault, no title, no order's length, no detail.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, TypeAlias

import msgspec

from venuewatch.base.config import one_line
from venuewatch.rehearsal.runfile.database import RunFileError
from venuewatch.rehearsal.runfile.rows import WellBy
from venuewatch.rehearsal.scenario import Allowed, Counted, Expectation, subject_of
from venuewatch.rehearsal.score.belonging import Owner, Window, owners
from venuewatch.rehearsal.score.columns import AttemptRow, Rows, StepRow, WellRow, read_rows
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
    rows = read_rows(path)
    try:
        return _view(rows, after_s)
    except (msgspec.DecodeError, ValueError) as error:
        raise RunFileError(f"{one_line(path)}: {one_line(error)}") from None


def _view(rows: Rows, after_s: float) -> View:
    scenarios = {row.number: _judged(row.scenario) for row in rows.scenario}
    windows = [
        Window(scenarios[row.number], row.attempt, row.world, row.began_at, row.ended_at)
        for row in rows.attempt
        if row.number in scenarios
    ]
    told = _told(rows)
    for one in told:
        subject_of(one.subject)  # refused here, with the file's name
    whose = owners(told, windows, after_s)
    last = {row.number: row for row in rows.attempt}
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
            FalseAlarm(world=row.world, at=row.at, subject="", cause="")
            for row in rows.well
            if row.by == "monitor" and not row.is_well and row.number is None
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


def _told(rows: Rows) -> list[Told]:
    """Return all incidents by when they were first said."""
    seen: dict[Key, list[Word]] = defaultdict(list)
    notices: dict[Key, list[Word]] = defaultdict(list)
    for row in rows.seen:
        word = Word(row.at, row.change, row.subject, row.cause, row.children, row.opened_at)
        seen[Key(*row[:3])].append(word)
    for notice in rows.notice:
        if notice.accepted:
            word = Word(
                notice.at,
                notice.change,
                notice.subject,
                notice.cause,
                receiver=notice.receiver,
                seq=notice.seq,
            )
            notices[Key(*notice[:3])].append(word)
    told = [
        Told(key, _by_time(seen.get(key, [])), _by_time(notices.get(key, [])))
        for key in {**seen, **notices}
    ]
    return sorted(told, key=lambda one: (one.first_at, one.key))


def _by_time(words: list[Word]) -> tuple[Word, ...]:
    return tuple(sorted(words, key=lambda word: word.at))


def _evidence(
    rows: Rows,
    last: Mapping[int, AttemptRow],
    told: list[Told],
    whose: Mapping[Key, Owner],
) -> Callable[[int], Evidence]:
    """Return what gives the evidence of a scenario's last attempt."""
    by_owner: dict[Owner, list[Told]] = defaultdict(list)
    for one in told:
        by_owner[whose[one.key]].append(one)
    steps, sights, counters = _steps(rows), _sights(rows), _counters(rows)
    ends = _ends_of_worlds(rows)
    words: dict[str, list[WellRow]] = defaultdict(list)
    for row in sorted(rows.well, key=lambda row: row.at):
        words[row.world].append(row)

    def of(number: int) -> Evidence:
        if number not in last:
            return Evidence("waiting")
        attempt = last[number]
        own = (number, attempt.attempt)
        return Evidence(
            attempt.state,
            attempt.world,
            attempt.began_at,
            attempt.ended_at,
            attempt.void_reason,
            steps.get(own, {}),
            tuple(sights.get(own, ())),
            tuple(by_owner.get(own, ())),
            counters.get(own, {}),
            tuple(_unwell(words.get(attempt.world, []), attempt)),
            ends[attempt.world],
        )

    return of


_Attempt: TypeAlias = tuple[int, int]
"""The number of a scenario, and of its attempt."""


def _steps(rows: Rows) -> Mapping[_Attempt, dict[str, StepTimes]]:
    """Return when steps first acted, and when they last ended; healed is ended, too."""
    found: dict[_Attempt, dict[str, StepTimes]] = defaultdict(dict)
    healed: list[StepRow] = []
    for row in sorted(rows.step, key=lambda row: row.at):
        of = found[row.number, row.attempt]
        times = of.get(row.step, StepTimes())
        if row.what == "begun" and times.began_at is None:
            of[row.step] = times._replace(began_at=row.at)
        elif row.what == "ended":
            of[row.step] = times._replace(ended_at=row.at)
        elif row.what == "healed":
            healed.append(row)
    for row in healed:
        of = found[row.number, row.attempt]
        times = of.get(row.step, StepTimes())
        if times.ended_at is None:
            of[row.step] = times._replace(ended_at=row.at)
    return found


def _sights(rows: Rows) -> Mapping[_Attempt, list[Sight]]:
    found: dict[_Attempt, list[Sight]] = defaultdict(list)
    for row in sorted(rows.witness, key=lambda row: row.at):
        found[row.number, row.attempt].append(Sight(row.step, row.at, row.phase, row.sees))
    return found


def _counters(rows: Rows) -> Mapping[_Attempt, dict[str, tuple[float | None, float | None]]]:
    found: dict[_Attempt, dict[str, tuple[float | None, float | None]]] = defaultdict(dict)
    for row in rows.counter:
        found[row.number, row.attempt][row.metric] = (row.before, row.after)
    return found


def _ends_of_worlds(rows: Rows) -> Mapping[str, float]:
    """Return the last that is known of each world.

    An attempt that was interrupted may have been ended by the next sitting, by its clock.
    """
    known = [(row.world, row.at) for row in rows.seen]
    known += [(row.world, row.at) for row in rows.well]
    known += [(row.world, row.began_at) for row in rows.attempt]
    known += [
        (row.world, row.ended_at)
        for row in rows.attempt
        if row.state in {"ended", "given_up"} and row.ended_at is not None
    ]
    found: dict[str, float] = {}
    for world, at in known:
        found[world] = max(found.get(world, at), at)
    return found


def _unwell(words: Iterable[WellRow], attempt: AttemptRow) -> Iterator[Unwell]:
    """Yield the words against a world as a scenario began and while it was played.

    The monitor's counts where it names the scenario, whenever that is. ``words`` are by time.
    """
    until = float("inf") if attempt.ended_at is None else attempt.ended_at
    at_begin: dict[tuple[WellBy, int | None], WellRow] = {}
    for word in words:
        if word.by == "monitor":
            if word.number == attempt.number and not word.is_well:
                yield Unwell(word.by, word.at)
        elif word.number in {None, attempt.number}:
            if word.at <= attempt.began_at:
                at_begin[word.by, word.number] = word
            elif word.at <= until and not word.is_well:
                yield Unwell(word.by, word.at)
    yield from (Unwell(word.by, word.at) for word in at_begin.values() if not word.is_well)


def _alarm(told: Told) -> FalseAlarm:
    word = told.words[0]
    return FalseAlarm(world=told.key.world, at=word.at, subject=word.subject, cause=word.cause)
