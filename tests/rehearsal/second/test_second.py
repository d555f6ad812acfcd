"""Every figure of a report is that of a second score, which shares no code with the first."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.rehearsal.reporting.runs import mixed_run, report_of
from tests.rehearsal.runfile.scenarios import fetch
from tests.rehearsal.second.any_run import any_run
from tests.rehearsal.second.figures import differences
from tests.rehearsal.second.score import second
from venuewatch.rehearsal.reporting.gather import gather
from venuewatch.rehearsal.reporting.model import Moment, Report, Tally
from venuewatch.rehearsal.score.marks import Marks

SEEDS = 60


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of a run with all verdicts, and something between scenarios."""
    made = tmp_path_factory.mktemp("run") / "run.sqlite"
    mixed_run(made)
    fetch(made, "UPDATE seen SET at = at + 150 WHERE incident = 9")
    fetch(made, "UPDATE seen SET subject = 'host:GYM/X' WHERE incident = 9")
    fetch(made, "INSERT INTO well VALUES ('w', 9.0, 'monitor', 0, NULL, '')")
    return made


@pytest.fixture(scope="module")
def report(path: Path) -> Report:
    return report_of(path)


def test_figures_of_a_report_are_those_of_the_second_score(path: Path, report: Report) -> None:
    assert differences(report, path) == []
    assert min(report.whole[1:]) > 0
    assert (len(report.between), len(report.unwell)) == (1, 1)


def test_figures_of_any_run_are_those_of_the_second_score(tmp_path: Path) -> None:
    wrong = {}
    verdicts = set()
    for seed in range(SEEDS):
        run, other = tmp_path / f"{seed}.sqlite", tmp_path / f"{seed}-other.sqlite"
        any_run(run, seed)
        any_run(other, seed + SEEDS)
        report = report_of(run, against=gather(other, Marks()))
        verdicts |= {one.verdict for one in second(run).judged.values()}
        if found := differences(report, run, against=other):
            wrong[seed] = found[:3]

    assert wrong == {}
    assert verdicts == {"pass", "fail", "void", "not_judged"}


def with_tally(report: Report, place: int, tally: Tally) -> Report:
    """Return a report whose grouping has another first tally."""
    groupings = list(report.groupings)
    one = groupings[place]
    groupings[place] = one._replace(tallies=(tally, *one.tallies[1:]))
    return report._replace(groupings=tuple(groupings))


def with_time(report: Report, **more: Any) -> Report:
    """Return a report whose first distribution is another."""
    first, *others = report.times
    return report._replace(times=(first._replace(**more), *others))


def with_entry(report: Report, **more: Any) -> Report:
    """Return a report whose first scenario is another."""
    first, *others = report.entries
    return report._replace(entries=(first._replace(**more), *others))


def late(report: Report) -> Report:
    """Return a report in which one moment of a timeline is another."""
    line = report.entries[0].lines[0]
    moved = line.moments[2]._replace(after_s=1.0)
    moments: tuple[Moment, ...] = (*line.moments[:2], moved, *line.moments[3:])
    return with_entry(report, lines=(line._replace(moments=moments),))


FALSE: dict[str, Callable[[Report], Report]] = {
    "whole": lambda one: one._replace(whole=one.whole._replace(passed=one.whole.passed + 1)),
    "misses": lambda one: one._replace(misses=()),
    "incidents": lambda one: one._replace(about=(("incidents", "7"),)),
    "run": lambda one: one._replace(run="another.sqlite"),
    "measures": lambda one: one._replace(measures=one.groupings[0]),
    "a venue": lambda one: with_tally(one, 0, one.groupings[0].tallies[0]._replace(void=99)),
    "a kind": lambda one: with_tally(one, 1, one.groupings[1].tallies[1]),
    "a cause": lambda one: with_tally(one, 2, Tally("host_down", 1, 2, 3, 4)),
    "a policy": lambda one: with_tally(one, 3, Tally("escalation")),
    "a grouping": lambda one: one._replace(groupings=one.groupings[1:]),
    "a median": lambda one: with_time(one, median_s=0.0),
    "a percentile": lambda one: with_time(one, p99_s=one.times[0].shortest_s),
    "a number": lambda one: with_time(one, number=one.times[0].number + 1),
    "never": lambda one: with_time(one, never=one.times[0].never + 1),
    "a bin": lambda one: with_time(one, bins=one.times[0].bins[:-1]),
    "a scenario": lambda one: one._replace(entries=one.entries[1:]),
    "a verdict": lambda one: with_entry(one, verdict="void"),
    "a title": lambda one: with_entry(one, title="another"),
    "a measure": lambda one: with_entry(one, measures=one.entries[1].measures),
    "a reason": lambda one: with_entry(one, wrong={"told": "late"}),
    "a moment": late,
    "improvements": lambda one: one._replace(improvements=one.improvements[1:]),
    "between": lambda one: one._replace(between=()),
    "unwell": lambda one: one._replace(unwell=()),
}


@pytest.mark.parametrize("change", FALSE.values(), ids=FALSE)
def test_a_false_figure_is_found(
    path: Path, report: Report, change: Callable[[Report], Report]
) -> None:
    assert differences(change(report), path) != []
