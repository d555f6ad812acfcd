"""Hosts that are required: a farewell is no permission to stay away."""

import pytest

from aggregator.core.fleet import Fleet
from aggregator.core.incidents.standing import down_at, first_down_at
from aggregator.core.liveness import REQUIRED_BACK_S
from aggregator.core.states import HostState, VenueState
from tests.kit.story import STADE, Story, fleet_of

LIMIT_S = 60.0
TEN = {"STA": tuple(f"h{number}" for number in range(10)), "AQU": ("a1", "a2")}


@pytest.fixture
def story() -> Story:
    return Story(away_limit_s=LIMIT_S).bring_up()


def requiring(*names: str) -> Fleet:
    fleet = fleet_of(STADE)
    for name in names:
        fleet.named(name).is_required = True
    return fleet


def required(story: Story, *names: str) -> Story:
    for name in names:
        story.host(name).is_required = True
    return story


def test_required_host_that_leaves_is_an_incident_after_15_s(story: Story) -> None:
    required(story, "s1").leave("s1")
    left_at = story.now

    story.run(REQUIRED_BACK_S + 1.0)

    assert story.lines() == [
        (left_at + REQUIRED_BACK_S, "opened", "host s1", "left_while_required")
    ]
    assert story.centre.fleet.venues["STA"].state is VenueState.DEGRADED
    assert story.asked() == []


def test_it_did_not_return_when_any_host_is_missed(story: Story) -> None:
    required(story, "s1").leave("s1")
    left_at = story.now

    story.run(LIMIT_S + 1.0)

    assert story.lines()[1:] == [(left_at + LIMIT_S, "sharpened", "host s1", "did_not_return")]
    assert story.incident("host", "s1").falls == 1
    assert story.host("s1").cause == "did_not_return"


def test_required_host_that_is_back_ends_its_incident(story: Story) -> None:
    required(story, "s1").leave("s1")
    story.run(REQUIRED_BACK_S + 1.0)
    story.forget()

    story.machines["s1"].boot = "b2"
    story.deliver(story.machines["s1"].birth())
    story.unmute("s1", run_s=5.0)

    assert [line[1:3] for line in story.lines()] == [("closed", "host s1")]
    assert story.state("s1") is HostState.UP
    story.run(LIMIT_S)
    assert story.lines() == []


def test_rolling_restart_of_ten_required_agents_tells_nothing() -> None:
    story = required(Story(TEN).bring_up(), *TEN["STA"])

    for name in TEN["STA"]:
        story.leave(name)
        story.run(12.0)
        story.machines[name].boot = "b2"
        story.deliver(story.machines[name].birth())
        story.unmute(name, run_s=3.0)

    story.run(60.0)
    assert story.lines() == []
    assert all(story.state(name) is HostState.UP for name in TEN["STA"])


def test_birth_without_beats_is_waited_for_as_long_again(story: Story) -> None:
    required(story, "s1").leave("s1")
    story.run(10.0)
    story.machines["s1"].boot = "b2"
    story.deliver(story.machines["s1"].birth())
    born_at = story.now

    story.run(2 * REQUIRED_BACK_S)

    assert story.lines()[0][0] == born_at + REQUIRED_BACK_S


def test_host_that_is_not_required_may_be_away(story: Story) -> None:
    story.leave("s1")

    story.run(LIMIT_S - 1.0)

    assert story.lines() == []


def test_moment_at_which_a_host_counts_as_down_is_known_at_once(story: Story) -> None:
    required(story, "s2")
    before = down_at(story.host("s1")), first_down_at(story.centre.fleet.venues["STA"])

    story.leave("s1")
    story.leave("s2")

    assert before == (None, None)
    assert down_at(story.host("s1")) == story.now + LIMIT_S
    assert down_at(story.host("s2")) == story.now + REQUIRED_BACK_S
    assert first_down_at(story.centre.fleet.venues["STA"]) == story.now + REQUIRED_BACK_S


@pytest.mark.parametrize("after_s", [5.0, REQUIRED_BACK_S + 5.0])
def test_restart_forgets_no_required_host(story: Story, after_s: float) -> None:
    required(story, "s1").leave("s1")
    story.run(after_s)

    story._fleet_of = lambda _: requiring("s1")  # type: ignore[assignment]  # noqa: SLF001
    story.restart()
    story.open()
    story.run(LIMIT_S + 60.0)

    assert [line[1:] for line in story.lines()] == [
        ("opened", "host s1", "left_while_required"),
        ("sharpened", "host s1", "did_not_return"),
    ]


def test_inventory_that_requires_a_host_that_is_away_misses_it(story: Story) -> None:
    story.leave("s1")
    story.run(30.0)

    story.centre.change_inventory(story.now, requiring("s1"))
    story.run(1.0)

    assert story.opened() == [("host s1", "left_while_required")]


def test_reload_keeps_what_a_required_host_was_granted(story: Story) -> None:
    required(story, "s1").leave("s1")
    granted = story.host("s1").deadline = story.now + 40.0

    story.centre.change_inventory(story.now, requiring("s1"))

    assert story.host("s1").deadline == granted


def test_required_host_behind_a_cut_is_not_missed(story: Story) -> None:
    required(story, "s1").leave("s1")
    story.run(3.0)

    story.mute("s2", "s3", run_s=REQUIRED_BACK_S + 5.0)

    assert story.opened() == [("venue STA", "venue_unreachable")]
