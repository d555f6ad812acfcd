"""Figures of a report, made again from a second score of its run: what differs, a line each."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

from tests.rehearsal.second.rows import fetched
from tests.rehearsal.second.score import MEASURES, Judged, Second, second
from venuewatch.rehearsal.reporting.model import Comparison, Report, Times

TIMED: Final = ("detected", "told", "cause", "recovery")
WORDS: Final = ("pass", "fail", "void", "not_judged")
EXACT: Final = 9  # decimal places of seconds

Slots: TypeAlias = Mapping[int, tuple[str, str]]
"""Officer and hour of each scenario, by its number."""

Pair: TypeAlias = tuple[str, object, object]
"""A figure by its name, as the report has it, and as it is."""


def differences(
    report: Report, run: Path, *, against: Path | None = None, slots: Slots | None = None
) -> list[str]:
    """Return every figure of a report that is not that of its run; ``slots``: of the run sheet."""
    found = second(run)
    pairs: list[Pair] = [
        ("run", report.run, run.name),
        *_of_the_whole(report, found),
        *_groupings(report, found, slots),
        *_times(report, found),
        *_entries(report, found, slots),
        *_improvements(report, found),
        *_outside(report, found),
    ]
    if against is None:
        pairs.append(("comparison", report.comparison, None))
    else:
        pairs += _comparison(report.comparison, found, second(against), run, against)
    return [f"{name}: {got!r}, not {right!r}" for name, got, right in pairs if got != right]


def _of_the_whole(report: Report, found: Second) -> Iterator[Pair]:
    passed, failed, void, not_judged = counts = _counts(list(found.judged.values()))
    judged = passed + failed
    yield "whole", tuple(report.whole)[1:], counts
    yield (
        "headline",
        report.headline,
        f"passed {passed} of {judged} judged; {void} void, {not_judged} not judged",
    )
    yield "incidents", dict(report.about)["incidents"], str(found.incidents)
    misses = []
    if failed:
        misses.append(f"{failed} of {judged} judged scenarios failed")
    if found.between:
        misses.append(f"false alarms between scenarios: {len(found.between)}")
    if found.unwell:
        misses.append(f"times the monitor was not well between scenarios: {len(found.unwell)}")
    if void > 0.02 * (judged + void):
        share = void / (judged + void)
        misses.append(f"{share:.1%} of the played scenarios are void, more than 2.0%")
    if not judged:
        misses.append("no scenario was judged")
    yield "misses", list(report.misses), misses


def _counts(some: Sequence[Judged], measure: str = "") -> tuple[int, ...]:
    """Return how many passed, failed, are void and not judged, in all or by one measure."""
    verdicts = [each.marks[measure].verdict if measure else each.verdict for each in some]
    return tuple(verdicts.count(word) for word in WORDS)


def _groupings(report: Report, found: Second, slots: Slots | None) -> Iterator[Pair]:
    everything = list(found.judged.values())
    by_measure = [(name, *_counts(everything, name)) for name in MEASURES]
    yield "measures", [tuple(one) for one in report.measures.tallies], by_measure
    names: dict[str, Callable[[Judged], str]] = {
        "venue": lambda one: str(one.sheet["venues"][0]),
        "kind": lambda one: str(one.sheet["kind"]),
        "cause": lambda one: _causes(one.sheet),
        "policy": lambda one: str(one.sheet["policy"]),
    }
    if slots is not None:
        names["officer"] = lambda one: slots[one.sheet["number"]][0]
        names["hour"] = lambda one: slots[one.sheet["number"]][1]
    yield "groupings", [one.by for one in report.groupings], list(names)
    for grouping in report.groupings:
        groups: dict[str, list[Judged]] = defaultdict(list)
        for one in everything:
            groups[names[grouping.by](one)].append(one)
        right = [(name, *_counts(groups[name])) for name in sorted(groups)]
        yield f"by {grouping.by}", [tuple(one) for one in grouping.tallies], right


def _causes(sheet: dict[str, Any]) -> str:
    """Return the causes that are right, or that none is."""
    each = dict.fromkeys(" or ".join(one["causes"]) for one in sheet["expected"])
    return ", ".join(each) or "no alarm"


def _times(report: Report, found: Second) -> Iterator[Pair]:
    yield "times", [one.measure for one in report.times], list(TIMED)
    for one in report.times:
        marks = [each.marks[one.measure] for each in found.judged.values()]
        all_ = [mark.value_s for mark in marks if mark.verdict in {"pass", "fail"}]
        known = sorted(value for value in all_ if value is not None)
        of = f"times of {one.measure}"
        yield f"{of}, number", (one.number, one.never), (len(known), len(all_) - len(known))
        percentiles = [_rank(known, percent) for percent in (50, 90, 99)]
        right = [_rank(known, 0), *percentiles, _rank(known, 100)]
        got = [one.shortest_s, one.median_s, one.p90_s, one.p99_s, one.longest_s]
        yield of, list(map(_rounded, got)), list(map(_rounded, right))
        yield from _bins(one, known)


def _rank(values: Sequence[float], percent: int) -> float | None:
    """Return the least value that so many percent do not exceed."""
    enough = (value for at, value in enumerate(values, 1) if at * 100 >= percent * len(values))
    return next(enough, None)


def _bins(one: Times, values: Sequence[float]) -> Iterator[Pair]:
    """Yield how many are in each bin, and that the bins leave nothing out."""
    ends = [math.inf if each.to_s is None else each.to_s for each in one.bins]
    right = [
        sum(each.from_s <= value < end for value in values)
        for each, end in zip(one.bins, ends, strict=True)
    ]
    yield f"bins of {one.measure}", [each.number for each in one.bins], right
    yield f"bins of {one.measure}, in all", sum(right), len(values)


def _entries(report: Report, found: Second, slots: Slots | None) -> Iterator[Pair]:
    yield "scenarios", [one.number for one in report.entries], list(found.judged)
    for one in report.entries:
        judged = found.judged[one.number]
        sheet = judged.sheet
        of = f"scenario {one.number}"
        got = (one.venue, one.kind, one.title, one.policy, one.causes, one.verdict)
        named = [sheet["venues"][0], *(sheet[key] for key in ("kind", "title", "policy"))]
        yield of, got, (*named, _causes(sheet), judged.verdict)
        if slots is not None:
            yield f"{of}, slot", (one.officer, one.at), slots[one.number]
        marks = {name: (mark[0], *map(_rounded, mark[1:])) for name, mark in one.measures.items()}
        right = {name: (mark[0], *map(_rounded, mark[1:])) for name, mark in judged.marks.items()}
        yield f"{of}, measures", marks, right
        failed = [name for name in MEASURES if judged.marks[name].verdict == "fail"]
        yield f"{of}, wrong", list(one.wrong), failed
        lines = [
            (line.subject, line.cause, [(word, _rounded(at)) for word, at in line.moments])
            for line in one.lines
        ]
        yield f"{of}, timeline", lines, _lines(judged)


def _lines(one: Judged) -> list[tuple[str, str, list[tuple[str, float | None]]]]:
    began = one.began_at or 0.0
    words = ("true", "detected", "told", "named", "healed", "noticed")
    lines: list[tuple[str, str, dict[str, float | None]]] = [
        (each.subject, each.cause, {"ordered": one.ordered.get(each.after), **each.at})
        for each in one.answers
    ]
    if not lines:
        nothing: dict[str, float | None] = dict.fromkeys(words)
        lines = [(step, "", {"ordered": at, **nothing}) for step, at in one.ordered.items()]
    return [
        (
            subject,
            cause,
            [(word, None if at is None else _rounded(at - began)) for word, at in moments.items()],
        )
        for subject, cause, moments in lines
    ]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, EXACT)


def _improvements(report: Report, found: Second) -> Iterator[Pair]:
    failed: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, one in found.judged.items():
        for name, mark in one.marks.items():
            if mark.verdict == "fail":
                failed[one.sheet["kind"], name].append(number)
    got = {(one.kind, one.measure): list(one.numbers) for one in report.improvements}
    yield "improvements", {key: numbers for key, numbers in got.items() if numbers}, dict(failed)
    counts = [len(one.numbers) for one in report.improvements]
    yield "improvements, in order", counts, sorted(counts, reverse=True)


def _outside(report: Report, found: Second) -> Iterator[Pair]:
    for name, got, rows in (
        ("between", report.between, found.between),
        ("unwell", report.unwell, found.unwell),
    ):
        said = sorted((one.world, one.at, one.subject, one.cause) for one in got)
        right = sorted(
            (row["world"], row["at"], row.get("subject", ""), row.get("cause", "")) for row in rows
        )
        yield name, said, right


def _comparison(
    comparison: Comparison | None, now: Second, before: Second, run: Path, against: Path
) -> Iterator[Pair]:
    yield "comparison", comparison is not None, True
    if comparison is None:
        return
    ids, its = _kind_ids(run), _kind_ids(against)
    yield "new", list(comparison.new), sorted(ids.keys() - its.keys())
    yield "gone", list(comparison.gone), sorted(its.keys() - ids.keys())
    both = sorted(ids.keys() & its.keys())
    yield "changed", list(comparison.changed), [kind for kind in both if ids[kind] != its[kind]]
    same = {kind for kind in both if ids[kind] == its[kind]}
    yield "compared", {one.kind for one in comparison.kinds}, same
    for one in comparison.kinds:
        old, new = (
            [each for each in run_.judged.values() if each.sheet["kind"] == one.kind]
            for run_ in (before, now)
        )
        got = (tuple(one.before)[1:], tuple(one.now)[1:], one.change)
        right = (_counts(old), _counts(new), _way(_counts(old), _counts(new)))
        yield f"comparison of {one.kind}", got, right
        ways = {name: _way(_counts(old, name), _counts(new, name)) for name in MEASURES}
        moved = [f"{name} {way}" for name, way in ways.items() if way in {"better", "worse"}]
        said = [words.partition(":")[0] for words in one.measures]
        yield f"measures of {one.kind}", said, moved


def _way(before: tuple[int, ...], now: tuple[int, ...]) -> str:
    (was, was_not, *_), (is_, is_not, *_) = before, now
    if not was + was_not or not is_ + is_not:
        return "not judged in both"
    share, its = is_ / (is_ + is_not), was / (was + was_not)
    if math.isclose(share, its):
        return "same"
    return "better" if share > its else "worse"


def _kind_ids(path: Path) -> dict[str, set[str]]:
    query = "SELECT DISTINCT kind, json_extract(scenario, '$.kind_id') AS id FROM scenario"
    found: dict[str, set[str]] = defaultdict(set)
    for row in fetched(path, query):
        found[row["kind"]].add(row["id"])
    return found
