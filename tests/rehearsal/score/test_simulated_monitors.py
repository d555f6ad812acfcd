"""Monitors in simulation: the real core passes, and each way to be worse lowers its own measure.

A rehearsal of four kinds is played once; a worse monitor is the real one with another outlet.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from aggregator.core import margins
from tests.rehearsal.reporting.runs import report_of
from tests.rehearsal.runfile.scenarios import run_of
from tests.rehearsal.score import simulated
from tests.rehearsal.score.simulated import Rehearsal, rehearse
from tests.rehearsal.second.figures import differences
from venuewatch.rehearsal.runfile.rows import Notice, Seen, Sees, Well, Witness
from venuewatch.rehearsal.score.marks import Marks, MeasureName
from venuewatch.rehearsal.score.result import RunScore
from venuewatch.rehearsal.score.run import score_run

Said: TypeAlias = Seen | Notice
SPOKEN = {"opened", "sharpened"}
FAULTS = ("server_power_off", "uplink_cut", "agent_killed")


@pytest.fixture(scope="module")
def right() -> Rehearsal:
    return rehearse()


def scored(path: Path, rehearsal: Rehearsal, *more: Well) -> RunScore:
    with run_of(path, [spell.scenario for spell in rehearsal.spells]) as run:
        rehearsal.write(run)
        run.record(*more)
    return score_run(path, Marks())


def lowered(score: RunScore) -> dict[str, set[MeasureName]]:
    """Return the measures that fail, by kind."""
    return {
        one.kind: {name for name, it in one.measures.items() if it.verdict == "fail"}
        for one in score.scored
        if one.verdict == "fail"
    }


def of_each(measures: set[MeasureName], *kinds: str) -> dict[str, set[MeasureName]]:
    """Return these measures for each kind, or for each that has a fault."""
    return dict.fromkeys(kinds or FAULTS, measures)


def each(change: Callable[[Said], Said | None]) -> Callable[[Iterable[Said]], Iterator[Said]]:
    """Return an outlet that changes, or keeps back, each word."""

    def outlet(said: Iterable[Said]) -> Iterator[Said]:
        for word in said:
            other = change(word)
            if other is not None:
                yield other

    return outlet


def as_venue(word: Said) -> str:
    return f"venue:{word.subject.partition(':')[2].partition('/')[0]}"


def swap_scope(word: Said) -> Said:
    """Tell a host as its venue, and a venue as one of its hosts."""
    venue = as_venue(word)
    other = f"host:{venue.removeprefix('venue:')}/X" if word.subject == venue else venue
    return word._replace(subject=other)


def later(word: Said) -> Said:
    return word._replace(at=word.at + 1.5) if word.change in SPOKEN else word


def stamped_early(word: Said) -> Said:
    late = later(word)
    return late._replace(opened_at=word.at - 2.0) if isinstance(late, Seen) else late


def for_everybody(said: Iterable[Said]) -> Iterator[Said]:
    for word in said:
        yield word
        if word.change == "opened":
            number = word.incident + 100
            yield word._replace(incident=number, subject="host:ELSEWHERE/X")


def twice(said: Iterable[Said]) -> Iterator[Said]:
    for word in said:
        yield word
        if isinstance(word, Notice) and word.change == "opened":
            yield word._replace(at=word.at + 5.0, seq=word.seq + 100)


def by_a_timer(said: Iterable[Said]) -> Iterator[Said]:
    opened: dict[int, float] = {}
    for word in said:
        if word.change == "opened":
            opened.setdefault(word.incident, word.at)
        yield word if word.change != "closed" else word._replace(at=opened[word.incident] + 5.0)


Outlet: TypeAlias = Callable[[Iterable[Said]], Iterable[Said]]
WORSE: dict[str, tuple[Outlet, dict[str, set[MeasureName]]]] = {
    "right": (each(lambda word: word), {}),
    "swapped cause": (
        each(lambda word: word._replace(cause="clock_wrong")),
        of_each({"cause"}),
    ),
    "swapped scope": (each(swap_scope), of_each({"scope"})),
    "venue_unreachable for everything": (
        each(lambda word: word._replace(subject=as_venue(word), cause="venue_unreachable")),
        of_each({"scope", "cause"}, "server_power_off", "agent_killed"),
    ),
    "alarm for everybody": (for_everybody, of_each({"others"})),
    "told twice": (twice, of_each({"once"})),
    "no notices": (
        each(lambda word: None if isinstance(word, Notice) else word),
        of_each({"told"}),
    ),
    "notices without the incident": (
        each(lambda word: None if isinstance(word, Seen) else word),
        of_each({"detected"}),
    ),
    "no recovery": (
        each(lambda word: None if word.change == "closed" else word),
        of_each({"recovery"}),
    ),
    "closed by a timer": (by_a_timer, of_each({"recovery"})),
    "late": (each(later), of_each({"detected"})),
    "stamps early, speaks late": (each(stamped_early), of_each({"detected"})),
    "says nothing": (each(lambda _: None), of_each({"detected", "told", "cause"})),
}


@pytest.mark.parametrize(("outlet", "expected"), WORSE.values(), ids=WORSE)
def test_a_worse_monitor_lowers_its_own_measure_in_simulation(
    tmp_path: Path, right: Rehearsal, outlet: Outlet, expected: dict[str, set[MeasureName]]
) -> None:
    worse = right._replace(said=tuple(outlet(right.said)))

    score = scored(tmp_path / "run.sqlite", worse)

    assert lowered(score) == expected
    assert (score.counts["void"], score.between) == (0, ())
    assert score.incidents == sum(one.incidents for one in score.scored)
    assert differences(report_of(tmp_path / "run.sqlite"), tmp_path / "run.sqlite") == []


@pytest.mark.parametrize(("sees", "why"), [("no_effect", "did not see"), ("cant_see", "could not")])
def test_a_fault_that_no_witness_saw_is_void_in_simulation(
    tmp_path: Path, right: Rehearsal, sees: Sees, why: str
) -> None:
    unseen = tuple(
        row._replace(sees=sees) if isinstance(row, Witness) and row.phase == "during" else row
        for row in right.done
    )

    score = scored(tmp_path / "run.sqlite", right._replace(done=unseen))

    assert score.counts == {"pass": 1, "fail": 0, "void": 3, "not_judged": 0}
    assert all(why in one.why for one in score.scored if one.verdict == "void")


def test_a_monitor_that_is_down_fails_in_simulation(tmp_path: Path, right: Rehearsal) -> None:
    down = Well(simulated.WORLD, right.spells[0].began_at + 5.0, "monitor", is_well=False)

    score = scored(tmp_path / "run.sqlite", right._replace(said=()), down)

    assert score.counts == {"pass": 1, "fail": 3, "void": 0, "not_judged": 0}


def test_a_core_with_a_wrong_margin_detects_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {**margins.THIN_MARGINS_S, "wired": margins.THIN_MARGINS_S["wired"] + 1.2}
    monkeypatch.setattr(margins, "THIN_MARGINS_S", wrong)

    score = scored(tmp_path / "run.sqlite", rehearse())

    assert lowered(score) == {
        "server_power_off": {"detected"},
        "uplink_cut": {"detected"},
    }
