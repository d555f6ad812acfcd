"""Scores one scenario by its evidence, and a run by all of them. Pure: no file, no clock.

1. A scenario that was not played is not judged; one that was not made true is void.
2. Its incidents are matched with what it expects and allows.
3. Each expectation is measured; a measure of the scenario is the worst of them.
4. Accusations of others, and counted numbers, are measured once for the scenario.
"""

from collections.abc import Iterable, Sequence

import msgspec

from aggregator.core.verdicts.causes import Cause
from venuewatch.rehearsal.runfile.rows import counted_name
from venuewatch.rehearsal.scenario import Expectation
from venuewatch.rehearsal.score.evidence import Evidence, Judged, StepTimes, covers
from venuewatch.rehearsal.score.marks import MEASURES, Marks, MeasureName
from venuewatch.rehearsal.score.matching import Matched, listed, match
from venuewatch.rehearsal.score.measures import Truth, answer
from venuewatch.rehearsal.score.result import Answer, Measure, Scored, all_of, overall
from venuewatch.rehearsal.score.voids import not_mended, unjudged

_NOT_JUDGED = Measure(verdict="not_judged")


def score(scenario: Judged, evidence: Evidence, marks: Marks) -> Scored:
    """Score one scenario by what was written of it."""
    marks = _marks_of(scenario, marks)
    matched = match(scenario, evidence.told)
    answers: tuple[Answer, ...] = ()
    why = ""
    found = unjudged(scenario, evidence)
    truths = [_truth(one, scenario, evidence) for one in scenario.expected]
    untold = next(
        (one.subject for one, at in zip(scenario.expected, truths, strict=True) if at is None), None
    )
    if found is None and untold is not None:
        found = "void", f"no step made {untold} true"
    if found is not None:
        verdict, why = found
        measures = all_of(verdict, why, _taken(scenario, marks))
    else:
        answers = tuple(
            answer(one, its, truth, marks)
            for one, its, truth in zip(scenario.expected, matched.matches, truths, strict=True)
            if truth is not None
        )
        measures = _measures(scenario, evidence, matched, answers, marks)
    wrong = (*matched.accusing, *(one for each in matched.matches for one in each.strays))
    return Scored(
        number=scenario.number,
        kind=scenario.kind,
        venue=scenario.venues[0],
        verdict=overall(one.verdict for one in measures.values()),
        why=why,
        measures=measures,
        answers=answers,
        accused=tuple(dict.fromkeys(map(str, wrong))),
        incidents=len(evidence.told),
        world=evidence.world,
        began_at=evidence.began_at,
        ended_at=evidence.ended_at,
    )


def _marks_of(scenario: Judged, marks: Marks) -> Marks:
    """Return the marks of a scenario: where the way of notices is broken, none is in time."""
    if any(Cause.NOTICES_FAILING in one.causes for one in scenario.expected):
        return msgspec.structs.replace(marks, not_judged=(*marks.not_judged, "told"))
    return marks


def _truth(expected: Expectation, scenario: Judged, evidence: Evidence) -> Truth | None:
    """Return since when an expectation was true, and until when; None: its step did not act."""
    after = evidence.steps.get(expected.after, StepTimes())
    true_at = after.ended_at if expected.after_heal else after.began_at
    if true_at is None:
        return None
    steps = _steps_of(expected, scenario)
    ends = [evidence.steps.get(step, StepTimes()).ended_at for step in steps]
    known = [end for end in ends if end is not None]
    return Truth(
        true_at=true_at,
        mended_from=min(known, default=None),
        mended_at=max(known) if len(known) == len(ends) else None,
        causes=listed(expected, scenario.allowed),
        not_mended=next(filter(None, (not_mended(step, evidence) for step in steps)), ""),
        lingers=any(one.by == "monitor" for one in evidence.unwell),
        watched_until=evidence.watched_until,
    )


def _steps_of(expected: Expectation, scenario: Judged) -> list[str]:
    """Return the steps that hit a subject, or those that hit what is in it where none does."""
    hits = [(target.step, hit) for target in scenario.targets for hit in target.subjects]
    whole = [step for step, hit in hits if covers(hit, expected.subject)]
    parts = [step for step, hit in hits if covers(expected.subject, hit)]
    return list(dict.fromkeys([expected.after, *(whole or parts)]))


def _measures(
    scenario: Judged,
    evidence: Evidence,
    matched: Matched,
    answers: Sequence[Answer],
    marks: Marks,
) -> dict[MeasureName, Measure]:
    own = {"others": _others(matched, evidence, answers), "counted": _counted(scenario, evidence)}
    return {
        name: (own[name] if name in own else _worst(one.measures.get(name) for one in answers))
        if marks.judges(name)
        else _NOT_JUDGED
        for name in MEASURES
    }


def _taken(scenario: Judged, marks: Marks) -> frozenset[MeasureName]:
    """Return the measures that a scenario has: without an expectation they are few."""
    of_none: tuple[MeasureName, ...] = ("counted", "others") if scenario.counted else ("others",)
    of_some = set(MEASURES) - {"counted", "others"} if scenario.expected else set()
    return frozenset(name for name in (*of_none, *of_some) if marks.judges(name))


def _worst(measures: Iterable[Measure | None]) -> Measure:
    """Return the worst of one measure's verdicts, and of passed times the one nearest its limit."""
    found = [one for one in measures if one is not None]
    if not found:
        return _NOT_JUDGED
    verdict = overall(one.verdict for one in found)
    return max((one for one in found if one.verdict == verdict), key=_over_limit)


def _over_limit(measure: Measure) -> float:
    if measure.limit_s is None:
        return 0.0
    return float("inf") if measure.value_s is None else measure.value_s - measure.limit_s


def _others(matched: Matched, evidence: Evidence, answers: Sequence[Answer]) -> Measure:
    """Fail where somebody else is accused, or where the monitor is not well without a fault."""
    if matched.accusing:
        others = ", ".join(map(str, matched.accusing))
        return Measure(verdict="fail", why=f"accused: {others}")
    if not answers and any(one.by == "monitor" for one in evidence.unwell):
        return Measure(verdict="fail", why="the monitor was not well after it")
    return Measure(verdict="pass")


def _counted(scenario: Judged, evidence: Evidence) -> Measure:
    """Fail where a number did not grow, void where the stage did not look."""
    if not scenario.counted:
        return _NOT_JUDGED
    for one in scenario.counted:
        name = counted_name(one.metric, one.labels)
        if name not in evidence.counters:
            return Measure(verdict="void", why=f"{name} was not read")
        before, after = evidence.counters[name]
        if after is None or after <= (before or 0.0):
            return Measure(verdict="fail", why=f"{name} did not grow")
    return Measure(verdict="pass")
