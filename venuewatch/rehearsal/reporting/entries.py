"""Scenarios of a report: each with what is known of it, and the timeline of what came of it."""

from collections.abc import Iterator
from typing import Final

from venuewatch.rehearsal.plan.sheet import Row
from venuewatch.rehearsal.plan.terms import clock
from venuewatch.rehearsal.reporting.gather import Gathered
from venuewatch.rehearsal.reporting.model import Entry, Line, Moment
from venuewatch.rehearsal.scenario import Scenario
from venuewatch.rehearsal.score.result import Answer, Scored

NO_ALARM: Final = "no alarm"
MOMENTS: Final = ("ordered", "true", "detected", "told", "named", "healed", "noticed")


def entries(run: Gathered) -> Iterator[Entry]:
    """Yield all scenarios of a run by number."""
    for scored in run.score.scored:
        scenario, row = run.scenarios[scored.number], run.rows.get(scored.number)
        yield Entry(
            number=scored.number,
            day=row.day if row else None,
            at=_hour(row),
            officer=row.officer if row else "",
            venue=scored.venue,
            kind=scored.kind,
            title=scenario.title,
            policy=scenario.policy,
            causes=causes_of(scenario),
            verdict=scored.verdict,
            wrong={name: one.why for name, one in scored.measures.items() if one.verdict == "fail"},
            whys=_whys(scored),
            accused=scored.accused,
            measures={
                name: (one.verdict, one.value_s, one.limit_s)
                for name, one in scored.measures.items()
            },
            lines=tuple(_lines(run, scored, scenario)),
        )


def causes_of(scenario: Scenario) -> str:
    """Return the causes that are right, as one name."""
    each = (" or ".join(one.causes) for one in scenario.expected)
    return ", ".join(dict.fromkeys(each)) or NO_ALARM


def _hour(row: Row | None) -> str:
    return f"{clock(row.starts_at)[:2]}:00 UTC" if row else ""


def _whys(scored: Scored) -> tuple[str, ...]:
    said = (scored.why, *(one.why for one in scored.measures.values()))
    return tuple(dict.fromkeys(why for why in said if why))


def _lines(run: Gathered, scored: Scored, scenario: Scenario) -> Iterator[Line]:
    began, ordered = scored.began_at, run.ordered.get(scored.number, {})
    if began is None:
        return
    if scored.answers:
        for expected, answer in zip(scenario.expected, scored.answers, strict=True):
            at = ordered.get(expected.after)
            yield Line(answer.subject, answer.cause, _moments(began, at, answer))
        return
    for step, at in ordered.items():
        yield Line(step, "", _moments(began, at, None))


def _moments(began: float, ordered_at: float | None, answer: Answer | None) -> tuple[Moment, ...]:
    of_answer = (
        (None,) * (len(MOMENTS) - 1)
        if answer is None
        else (
            answer.true_at,
            answer.detected_at,
            answer.told_at,
            answer.named_at,
            answer.mended_at,
            answer.over_at,
        )
    )
    return tuple(
        Moment(word, None if at is None else at - began)
        for word, at in zip(MOMENTS, (ordered_at, *of_answer), strict=True)
    )
