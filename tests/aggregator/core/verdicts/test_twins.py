"""Verdict on two agents under one name: their boots alternate, and each throws the other out."""

import pytest

from aggregator.core.states import HostState
from aggregator.core.verdicts.twins import ALTERNATION_S, is_contested
from tests.kit.story import Story


def beat_as(story: Story, *boots: str) -> None:
    """Let each of the boots beat once as s1, half a second after the other."""
    story.mute("s1")
    for boot in boots:
        story.machines["s1"].boot = boot
        story.deliver(story.machines["s1"].beat(story.now))
        story.run(0.5)
    story.unmute("s1")


def vanish(story: Story) -> None:
    """Let the one that had the name last hang: no will comes."""
    beat_as(story, "b2", "b1", "b2")
    story.deliver(story.machines["s1"].birth())
    story.mute("s1")


def test_two_boots_that_alternate_are_two_agents(story: Story) -> None:
    beat_as(story, "b2", "b1")

    assert story.opened() == [("identity s1", "duplicate_identity")]
    detail = story.evidence("identity", "s1")["boots"].detail
    assert detail == {"returned": "b1", "between": "b2", "address": ""}


def test_an_agent_that_restarts_often_is_one(story: Story) -> None:
    beat_as(story, "b2", "b3", "b4", "b5", "b6", "b7")

    assert story.opened() == []


def test_a_name_of_one_boot_is_well_again(story: Story) -> None:
    beat_as(story, "b2", "b1", "b2", "b1")
    story.lines()
    last = story.now - 0.5

    story.run(ALTERNATION_S + 5.0)

    assert story.lines() == [(last + ALTERNATION_S, "closed", "identity s1", "duplicate_identity")]


def test_a_stall_takes_nothing_from_a_twins_grace(story: Story) -> None:
    vanish(story)
    story.run(10.0)

    story.stall(15.0)
    story.run(5.0)
    story.unmute("s1", run_s=10.0)

    of_hosts = [told for told in story.opened() if told[0] != "centre"]
    assert of_hosts == [("identity s1", "duplicate_identity")]


@pytest.mark.parametrize(
    ("state", "has_twin", "expected"),
    [(HostState.UP, True, True), (HostState.DOWN, True, False), (HostState.UP, False, False)],
)
def test_only_a_living_host_with_a_twin_is_contested(
    story: Story, state: HostState, *, has_twin: bool, expected: bool
) -> None:
    host = story.host("s1")
    host.state = state
    host.problems.update({"identity": "duplicate_identity"} if has_twin else {})

    assert is_contested(host) is expected
