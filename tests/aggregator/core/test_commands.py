"""Commands of operators: ask the neighbours of a host that is down again."""

import pytest

from aggregator.core.commands import AskNeighbours
from tests.kit.story import Story


def command(story: Story, host: str) -> None:
    story.centre.command(story.now, AskNeighbours(host))
    story.look()


def test_neighbours_are_asked_again_and_sharpen_the_cause(story: Story) -> None:
    story.reach["s1"] = None
    story.mute("s1", run_s=10.0)
    assert story.incident("host", "s1").cause == "silent"
    first = story.asked()
    story.forget()

    story.reach["s1"] = True
    command(story, "s1")

    asked = story.asked()
    assert story.state("s1") == "down"
    assert {by for by, _ in asked} == {"s2", "s3"}
    assert {probe.host for _, probe in asked} == {"s1"}
    assert asked[0][1].number > first[0][1].number
    assert [line[1:] for line in story.lines()] == [("sharpened", "host s1", "host_frozen")]


@pytest.mark.parametrize(
    ("is_left", "found", "cause"),
    [
        (False, False, "host_down"),
        (False, True, "host_frozen"),
        (True, None, "did_not_return"),
        (True, True, "did_not_return"),
    ],
)
def test_asking_again_takes_no_precise_cause_back(
    *, is_left: bool, found: bool | None, cause: str
) -> None:
    story = Story(away_limit_s=20.0).bring_up()
    story.reach["s1"] = found
    story.mute("s1")
    if is_left:
        story.deliver(story.machines["s1"].death("farewell"))
    story.run(30.0)
    assert story.incident("host", "s1").cause == cause
    before = len(story.incident("host", "s1").evidence)
    story.forget()

    story.reach["s1"] = found if is_left else None
    command(story, "s1")
    story.run(3.0)

    assert story.asked() != []
    assert (story.host("s1").cause, story.incident("host", "s1").cause) == (cause, cause)
    assert len(story.incident("host", "s1").evidence) > before
    assert story.lines() == []


def test_command_says_why_no_neighbour_can_be_asked() -> None:
    story = Story(addresses=False).bring_up()
    story.mute("s1", run_s=10.0)

    command(story, "s1")

    assert story.asked() == []
    seen = story.evidence("host", "s1")["nobody_to_ask"]
    assert (seen.at, seen.detail) == (story.now, {"why": "the inventory has no address for it"})


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("gone", "expected a host of the fleet, got gone"),
        ("s1", "expected a host that is down, s1 is up"),
    ],
)
def test_command_that_cannot_be_done_says_why(story: Story, host: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        command(story, host)

    assert story.asked() == []
