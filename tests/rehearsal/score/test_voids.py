"""Voids: a scenario that was not true says nothing, and only stage and witness can say so."""

from typing import Any

import pytest

from tests.rehearsal.runfile.scenarios import expectation
from tests.rehearsal.score.cases import (
    MARKS,
    MENDED,
    TRUE,
    control,
    evidence,
    incident,
    judged,
    sights,
    verdicts,
)
from venuewatch.rehearsal.score.evidence import Evidence, Sight, StepTimes, Unwell
from venuewatch.rehearsal.score.marks import BY_PEOPLE, MEASURES
from venuewatch.rehearsal.score.scoring import score

TAKEN = set(MEASURES) - BY_PEOPLE - {"counted"}


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"sights": tuple(sights(during="no_effect"))}, "the witness did not see step off"),
        ({"sights": tuple(sights(during="cant_see"))}, "the witness could not see step off"),
        ({"sights": ()}, "the witness could not see step off before it began"),
        ({"sights": tuple(sights()[:1])}, "the witness could not see step off"),
        ({"sights": tuple(sights(before="effect"))}, "the witness saw step off before it began"),
        (
            {"sights": tuple(sights(before="cant_see"))},
            "the witness could not see step off before it began",
        ),
        ({"steps": {}}, "step off did not begin"),
        ({"state": "aborted"}, "aborted"),
        ({"state": "interrupted"}, "interrupted and not played again"),
        ({"void_reason": "no room on the stage"}, "no room on the stage"),
        ({"unwell": (Unwell("stage", 110.0),)}, "stage: not well"),
        ({"unwell": (Unwell("witness", 110.0),)}, "witness: not well"),
    ],
)
@pytest.mark.parametrize("told", [(), (incident(),)], ids=["silent", "right"])
def test_what_was_not_made_true_is_void_and_never_passed(
    told: Any, more: dict[str, Any], why: str
) -> None:
    scored = score(judged(), evidence(*told, **more), MARKS)

    assert (scored.verdict, scored.why) == ("void", why)
    assert verdicts(scored)["void"] == TAKEN
    assert verdicts(scored)["pass"] == set()


def test_a_control_needs_no_witness() -> None:
    assert score(control(), evidence(sights=(), steps={}), MARKS).verdict == "pass"


def test_a_control_on_an_unwell_stage_is_void() -> None:
    unwell = evidence(unwell=(Unwell("stage", 99.0),))

    scored = score(control(), unwell, MARKS)

    assert scored.verdict == "void"
    assert verdicts(scored)["void"] == {"others"}


def test_a_monitor_that_is_down_fails_and_is_never_void() -> None:
    down = evidence(unwell=(Unwell("monitor", 110.0),))

    scored = score(judged(), down, MARKS)

    assert scored.verdict == "fail"
    assert verdicts(scored)["void"] == set()


def test_a_witness_that_sees_once_is_enough() -> None:
    blind = Sight("off", 105.0, "during", "cant_see")

    assert score(judged(), evidence(incident(), sights=(*sights(), blind)), MARKS).verdict == "pass"


@pytest.mark.parametrize(
    "found",
    [
        evidence(incident(), sights=tuple(sights()[:2])),
        evidence(incident(), sights=(*sights()[:2], Sight("off", 122.0, "after", "effect"))),
        evidence(incident(over_at=None), steps={"off": StepTimes(TRUE, None)}),
    ],
    ids=["not looked", "still there", "not ended"],
)
def test_recovery_alone_is_void_where_no_witness_saw_it_healed(found: Evidence) -> None:
    scored = score(judged(), found, MARKS)

    assert verdicts(scored)["void"] == {"recovery"}
    assert scored.verdict == "void"


def test_an_end_before_the_fault_was_mended_is_no_void() -> None:
    early = evidence(incident(over_at=MENDED - 5), sights=tuple(sights()[:2]))

    assert verdicts(score(judged(), early, MARKS))["fail"] == {"recovery"}


@pytest.mark.parametrize(("state", "why"), [("waiting", "not played"), ("begun", "still played")])
def test_what_is_not_played_is_not_judged(state: Any, why: str) -> None:
    scored = score(judged(), Evidence(state), MARKS)

    assert (scored.verdict, scored.why) == ("not_judged", why)


@pytest.mark.parametrize(("until_s", "verdict"), [(9.0, "void"), (10.0, "fail")])
def test_recovery_is_void_where_the_world_ended_before_it_was_due(
    until_s: float, verdict: str
) -> None:
    found = evidence(incident(over_at=None), watched_until=MENDED + until_s)

    scored = score(judged(expectation(over_within_s=10.0)), found, MARKS)

    assert scored.measures["recovery"].verdict == scored.verdict == verdict


def test_an_end_that_came_before_its_world_ended_is_judged() -> None:
    found = evidence(incident(), watched_until=MENDED + 5.0)

    assert score(judged(expectation(over_within_s=10.0)), found, MARKS).verdict == "pass"
