"""Figures of a report, recomputed from the run's file by queries that share nothing with it."""

from pathlib import Path
from typing import Any

import pytest

from tests.rehearsal.reporting.runs import mixed_run, report_of
from tests.rehearsal.runfile.scenarios import fetch
from venuewatch.rehearsal.reporting.model import Report, Tally

# What is right of the scenarios of `mixed_run`, in SQL: each expects host_down of one host.
_JUDGED = """
WITH found AS (
    SELECT s.number, s.kind, json_extract(s.scenario, '$.venues[0]') AS venue,
        json_extract(s.scenario, '$.policy') AS policy,
        json_extract(s.scenario, '$.expected[0].causes[0]') AS cause,
        a.number IS NOT NULL AS played,
        coalesce(a.void_reason, '') <> '' AS is_void,
        (SELECT min(at) FROM step WHERE number = s.number AND what = 'begun') AS begun,
        (SELECT min(at) FROM step WHERE number = s.number AND what = 'ended') AS ended,
        (SELECT min(at) FROM step WHERE number = s.number AND what = 'ordered') AS ordered,
        (SELECT min(at) FROM seen WHERE incident = s.number AND change = 'opened') AS got,
        (SELECT min(at) FROM seen WHERE incident = s.number AND change = 'opened'
            AND cause = 'host_down') AS named,
        (SELECT min(at) FROM notice WHERE incident = s.number AND change = 'opened') AS told,
        (SELECT max(at) FROM seen WHERE incident = s.number AND change = 'closed') AS over
    FROM scenario AS s LEFT JOIN attempt AS a USING (number)
), judged AS (
    SELECT *, CASE WHEN NOT played THEN 'not_judged' WHEN is_void THEN 'void'
        WHEN got - begun > 3 OR told - got > 2 OR over - ended > 10 OR named IS NULL THEN 'failed'
        ELSE 'passed' END AS verdict FROM found
)
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("run") / "run.sqlite"
    mixed_run(made)
    return made


@pytest.fixture(scope="module")
def report(path: Path) -> Report:
    return report_of(path)


def judged(path: Path, query: str) -> list[tuple[Any, ...]]:
    """Return what a query of the judged scenarios finds."""
    return fetch(path, f"{_JUDGED} {query}")


def tallies(path: Path, column: str) -> list[Tally]:
    counts = ", ".join(
        f"sum(verdict = '{word}')" for word in ("passed", "failed", "void", "not_judged")
    )
    query = f"SELECT {column}, {counts} FROM judged GROUP BY 1 ORDER BY 1"  # noqa: S608 - ours
    return [Tally(*row) for row in judged(path, query)]


def test_the_headline_is_that_of_the_file(path: Path, report: Report) -> None:
    (whole,) = tallies(path, "'all'")

    assert report.whole == whole
    assert min(whole[1:]) > 0
    assert report.headline == (
        f"passed {whole.passed} of {whole.judged} judged;"
        f" {whole.void} void, {whole.not_judged} not judged"
    )


@pytest.mark.parametrize("by", ["venue", "kind", "policy", "cause"])
def test_each_grouping_is_that_of_the_file(path: Path, report: Report, by: str) -> None:
    found = next(one for one in report.groupings if one.by == by)

    assert list(found.tallies) == tallies(path, by)


@pytest.mark.parametrize(
    ("measure", "value"),
    [
        ("detected", "got - begun"),
        ("told", "told - got"),
        ("cause", "named - begun"),
        ("recovery", "over - ended"),
    ],
)
def test_each_distribution_is_that_of_the_file(
    path: Path, report: Report, measure: str, value: str
) -> None:
    query = f"SELECT {value} FROM judged WHERE verdict IN ('passed', 'failed') ORDER BY 1"  # noqa: S608 - ours
    values = [row[0] for row in judged(path, query)]
    known = [value for value in values if value is not None]

    found = next(one for one in report.times if one.measure == measure)

    assert (found.number, found.never) == (len(known), len(values) - len(known))
    assert found.shortest_s == pytest.approx(known[0])
    assert found.longest_s == pytest.approx(known[-1])
    assert found.median_s == pytest.approx(known[(len(known) - 1) // 2])
    for percent, got in ((90, found.p90_s), (99, found.p99_s)):
        assert got is not None
        at_most = sum(each <= got + 1e-9 for each in known)
        below = sum(each < got - 1e-9 for each in known)
        assert below < len(known) * percent / 100 <= at_most
    assert sum(each.number for each in found.bins) == len(known)
    for each in found.bins:
        end = float("inf") if each.to_s is None else each.to_s
        assert each.number == sum(each.from_s <= one < end for one in known)


def test_each_timeline_is_that_of_the_file(path: Path, report: Report) -> None:
    query = """SELECT number, ordered, begun, got, told, named, ended, over
        FROM judged WHERE verdict = 'failed' ORDER BY number"""
    began = dict(fetch(path, "SELECT number, began_at FROM attempt"))
    wanted = [
        (number, *(None if at is None else pytest.approx(at - began[number]) for at in moments))
        for number, *moments in judged(path, query)
    ]

    found = [
        (one.number, *(moment.after_s for moment in one.lines[0].moments))
        for one in report.with_verdict("fail")
    ]

    assert found == wanted


def test_improvements_count_what_failed(path: Path, report: Report) -> None:
    late = judged(
        path,
        "SELECT kind, group_concat(number) FROM judged"
        " WHERE verdict = 'failed' AND got - begun > 3 GROUP BY 1 ORDER BY count(*) DESC, 1",
    )

    found = [
        (one.kind, ",".join(map(str, one.numbers)))
        for one in report.improvements
        if one.measure == "detected"
    ]

    assert found == late


def test_each_improvement_says_why_its_own_measure_failed(report: Report) -> None:
    whys = {"detected": "detected after", "cause": "host_down"}

    assert {one.measure for one in report.improvements} == set(whys)
    assert [one for one in report.improvements if whys[one.measure] not in one.why] == []


def test_every_scenario_is_counted_once_in_each_grouping(report: Report) -> None:
    assert {sum(one.scenarios for one in all_.tallies) for all_ in report.groupings} == {60}
