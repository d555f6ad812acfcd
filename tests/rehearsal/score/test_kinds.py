"""Kinds of the catalogue: a right monitor passes each; a silent one, those that expect nothing."""

from collections.abc import Iterator

import pytest

from tests.rehearsal.score.cases import MARKS, incident, sights, whole
from venuewatch.rehearsal.fleet import standard_fleet
from venuewatch.rehearsal.kinds.load import read_kinds
from venuewatch.rehearsal.kinds.model import Kind
from venuewatch.rehearsal.kinds.resolve import can_play, resolve
from venuewatch.rehearsal.runfile.rows import counted_name
from venuewatch.rehearsal.scenario import Scenario
from venuewatch.rehearsal.score.evidence import Evidence, StepTimes, Told
from venuewatch.rehearsal.score.scoring import score

BEGAN = 1_000.0
KINDS = read_kinds()
FLEET = standard_fleet()


def scenario_of(kind: Kind) -> Scenario:
    """Return a scenario of a kind, at the first venue where it can be played."""
    venue = next(each.code for each in FLEET.venue if can_play(kind, FLEET, each.code) is None)
    return resolve(kind, FLEET, number=1, venue=venue, seed=7)


def told_of(scenario: Scenario, steps: dict[str, StepTimes]) -> Iterator[Told]:
    """Yield what a monitor has to tell, each a little before its limit."""
    for number, one in enumerate(scenario.expected, start=1):
        after = steps[one.after]
        true_at = after.ended_at if one.after_heal else after.began_at
        ends = [step.ended_at for step in steps.values() if step.ended_at is not None]
        assert true_at is not None
        seen_at = true_at + 0.9 * one.detect_within_s
        over_at = min(end for end in ends if end >= (after.ended_at or 0))
        yield incident(
            number,
            one.subject,
            one.causes[0],
            seen_at=seen_at,
            told_at=seen_at + 1.0,
            over_at=max(over_at, seen_at) + 0.5,
            children=one.children or 0,
        )


def evidence_of(scenario: Scenario) -> Evidence:
    """Return the evidence of a scenario that was made true, and told rightly."""
    steps = {
        order.step: StepTimes(BEGAN + order.at_s, BEGAN + order.at_s + order.lasts_s)
        for order in scenario.orders
    }
    return Evidence(
        "ended",
        "w",
        BEGAN,
        BEGAN + 900.0,
        steps=steps,
        sights=tuple(sight for step in steps for sight in sights(step)),
        told=tuple(told_of(scenario, steps)),
        counters={counted_name(one.metric, one.labels): (0.0, 1.0) for one in scenario.counted},
    )


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.is_playable])
def test_each_kind_is_passed_by_a_right_monitor_only(name: str) -> None:
    scenario = scenario_of(KINDS[name])
    evidence = evidence_of(scenario)

    right = score(whole(scenario), evidence, MARKS)
    silent = score(whole(scenario), evidence._replace(told=()), MARKS)

    assert [one.why for one in right.measures.values() if one.why] == []
    assert right.verdict == "pass"
    assert silent.verdict == ("pass" if scenario.expects_nothing else "fail")
