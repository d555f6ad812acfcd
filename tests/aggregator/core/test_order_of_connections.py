"""Readings that come before, or long after, what the live connection says of their agent."""

import pytest

from aggregator.core.states import HostState
from tests.kit.bulk_story import BulkStory
from tests.kit.checks import changes, report

FLEET = {"STA": ("s1",), "AQU": ("a1", "a2")}


@pytest.fixture
def story() -> BulkStory:
    return BulkStory(FLEET).bring_up()


def restarted(story: BulkStory, name: str) -> None:
    """Let an agent be killed, and be started again: nothing of its new boot has come yet."""
    story.kill(name)
    story.run(3.0)
    story.machines[name].boot = "b"


def back(story: BulkStory, name: str) -> None:
    """Let the live connection bring what it says."""
    story.deliver(story.machines[name].birth())
    story.unmute(name, run_s=5.0)


def test_readings_before_the_first_beat_of_a_boot_are_taken_and_make_nobody_up(
    story: BulkStory,
) -> None:
    restarted(story, "s1")

    story.deliver(story.machines["s1"].vitals(story.now, 1))
    state, vitals = story.state("s1"), story.host("s1").vitals
    back(story, "s1")

    assert state is HostState.DOWN
    assert vitals is not None
    assert vitals.boot == "b"
    assert story.state("s1") is HostState.UP
    assert story.host("s1").vitals is vitals


def test_check_that_fails_before_the_first_beat_of_a_boot_is_told_once_it_is_up(
    story: BulkStory,
) -> None:
    restarted(story, "s1")
    story.forget()

    report(story, "s1", "critical", "critical")
    before = changes(story)
    back(story, "s1")
    at_once = changes(story)
    report(story, "s1", "critical")

    assert before == at_once == []
    assert changes(story) == [("opened", "check s1")]


def test_readings_of_an_earlier_boot_replace_none_of_the_present_one(story: BulkStory) -> None:
    earlier = story.machines["s1"].vitals(story.now, 1)
    story.run(1.0)
    restarted(story, "s1")
    back(story, "s1")
    story.deliver(story.machines["s1"].vitals(story.now, 2))
    present = story.host("s1").vitals

    story.deliver(earlier)

    assert story.host("s1").vitals is present
    assert story.host("s1").boot == "b"


def test_readings_after_a_farewell_open_nothing_and_make_nobody_up(story: BulkStory) -> None:
    story.leave("s1")
    story.forget()

    report(story, "s1", "critical", "critical", "critical")
    story.deliver(story.machines["s1"].vitals(story.now, 9))
    story.run(30.0)

    assert changes(story) == []
    assert story.state("s1") is HostState.AWAY


def test_readings_of_a_host_that_nobody_knows_make_none(story: BulkStory) -> None:
    stranger = story.machines["s1"].vitals(story.now, 1)
    topic = stranger.topic.replace("/s1/", "/s9/")

    story.deliver(stranger._replace(topic=topic))

    assert story.centre.fleet.find("s9") is None
