"""Verdict on a check that fails on one host, and when that is over."""

import pytest

from aggregator.core.states import VenueState
from aggregator.core.verdicts.causes import Cause
from aggregator.core.verdicts.unsaid import UNSAID_LEAST_S
from tests.kit.checks import changes, report
from tests.kit.story import Story
from venuewatch.base.wire.checks import CheckState


def alone(seconds: float = 0.0) -> Story:
    story = Story({"STA": ("s1",), "AQU": ("a1", "a2")}).bring_up()
    story.run(seconds)
    return story


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (("critical",), []),
        (("critical", "critical"), ["opened"]),
        (("critical", "critical", "critical"), ["opened"]),
        (("critical", "ok", "critical"), []),
        (("critical", "unknown", "critical"), []),
        (("critical", "critical", "ok"), ["opened", "closed"]),
        (("critical", "critical", "warning"), ["opened", "closed"]),
        (("critical", "critical", "unknown", "unknown"), ["opened"]),
        (("warning", "warning"), []),
        (("unknown", "unknown"), []),
        (("not_expected", "not_expected"), []),
    ],
    ids=" ".join,
)
def test_check_fails_by_two_critical_readings_in_a_row(
    states: tuple[CheckState, ...], expected: list[str]
) -> None:
    story = alone()

    for state in states:
        report(story, "s1", state)
        story.run(1.0)

    assert changes(story) == [(change, "check s1") for change in expected]


def test_evidence_is_what_the_check_said_twice() -> None:
    story = alone()

    report(story, "s1", "critical", detail="no answer")
    report(story, "s1", "critical", detail="refused")

    incident = story.incident("check", "s1")
    assert incident.cause is Cause.CHECK_FAILED
    assert [seen.detail["says"] for seen in incident.evidence] == ["no answer", "refused"]
    assert incident.evidence[-1].detail["kind"] == "gateway"


def test_check_of_a_host_that_is_not_up_is_not_told() -> None:
    story = alone()
    report(story, "s1", "critical")
    story.mute("s1", run_s=10.0)
    story.forget()

    report(story, "s1", "critical")

    assert story.state("s1") != "up"
    assert changes(story) == []


def test_two_boots_of_an_agent_are_not_in_a_row() -> None:
    story = alone()
    report(story, "s1", "critical")
    story.machines["s1"].boot = "b2"
    story.run(2.0)

    report(story, "s1", "critical")

    assert changes(story) == []


def test_farewell_ends_what_was_wrong_with_a_check() -> None:
    story = alone()
    report(story, "s1", "critical", "critical")

    story.leave("s1")
    story.machines["s1"].boot = "b2"
    story.unmute("s1", run_s=3.0)
    report(story, "s1", "critical", "critical")

    assert [change for change, _ in changes(story)] == ["opened", "closed", "opened"]


def test_check_not_mentioned_any_more_has_no_problem() -> None:
    story = alone()
    report(story, "s1", "critical", "critical")

    for number in range(round(UNSAID_LEAST_S / 10.0) + 2):
        story.run(10.0)
        story.deliver(story.machines["s1"].vitals(story.now, number))

    assert [change for change, _ in changes(story)] == ["opened", "closed"]


def test_check_that_fails_again_and_again_is_damped() -> None:
    story = alone()

    for _ in range(6):
        report(story, "s1", "critical", "critical", "ok")
        story.run(5.0)

    assert story.incident("check", "s1").cause is Cause.FLAPPING
    story.run(1_200.0)
    assert [change for change, _ in changes(story)][-1] == "closed"


def test_feed_that_can_not_be_read_stays_a_feed() -> None:
    story = alone()

    report(story, "s1", "frozen", "critical", "critical")

    assert [subject.scope for subject in story.centre.decisions.incidents.open] == ["feed"]


def test_failed_check_that_says_frozen_is_a_feed() -> None:
    story = alone()

    report(story, "s1", "critical", "critical", "frozen")

    assert [subject.scope for subject in story.centre.decisions.incidents.open] == ["feed"]


def test_endless_kinds_of_one_check_keep_one() -> None:
    story = alone()

    for number in range(100):
        report(story, "s1", "critical", "critical", kind=f"kind-{number}")
        story.run(1.0)
    report(story, "s1", "ok", kind="kind-99")
    story.run(1.0)

    assert story.centre.decisions.incidents.open == {}
    assert story.centre.decisions.checks.__dict__["_groups"] == {}


@pytest.mark.parametrize("states", [("critical", "critical"), ("frozen",), ("redundancy_lost",)])
def test_incident_of_a_check_or_feed_degrades_its_venue(states: tuple[CheckState, ...]) -> None:
    story = alone()
    venue = story.centre.fleet.venues["STA"]

    report(story, "s1", *states)
    while_open = venue.state
    report(story, "s1", "ok")
    story.run(5.0)

    assert (while_open, venue.state) == (VenueState.DEGRADED, VenueState.OK)


@pytest.mark.parametrize("state", ["warning", "unknown", "not_expected"])
def test_other_states_of_a_check_do_not_degrade_a_venue(state: CheckState) -> None:
    story = alone()

    report(story, "s1", state, state, state)

    assert story.centre.fleet.venues["STA"].state is VenueState.OK
