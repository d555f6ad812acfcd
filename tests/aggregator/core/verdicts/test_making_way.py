"""Of two agents under one name the one that was heard later is told to make way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.outputs import Publish
from aggregator.core.verdicts.twins import ALTERNATION_S, OVER_S
from tests.kit.machine import GRACE_S, Message
from tests.kit.story import Story
from venuewatch.base.wire import topics
from venuewatch.base.wire.links import YIELD_MAX_S, yield_wait_s
from venuewatch.base.wire.messages import CentreState, Yield, encode
from venuewatch.base.wire.topics import Stream

TURN_S = 0.5
BACK_S = 2.0
TWINS = ("identity s1", "duplicate_identity")


def turn(story: Story, boot: str, *, yields: bool = True, run_s: float = TURN_S) -> None:
    """Let the agent of a boot take the name of s1, be born and beat once."""
    machine = story.machines["s1"]
    machine.boot, machine.yields, machine.address = boot, yields, f"at-{boot}"
    machine.session += 1
    machine.ticks.clear()
    story.deliver(machine.birth(), machine.beat(story.now))
    story.run(run_s)


def turns(story: Story, *boots: str, yields: bool = True) -> None:
    """Let agents take turns; none of them beats between."""
    story.mute("s1")
    for boot in boots:
        turn(story, boot, yields=yields)


def told(story: Story) -> list[Yield]:
    """Hand over, once, what was told to make way."""
    said = [out.message for out in story.published if isinstance(out.message, Yield)]
    story.published.clear()
    return said


def test_the_one_that_was_heard_later_is_told_where_the_other_is(story: Story) -> None:
    turns(story, "b2", "b1")

    assert story.opened() == [TWINS]
    topic = topics.topic("STA", "s1", Stream.CMD)
    assert Publish(topic, Yield("b2", "at-b1"), qos=1) in story.published
    detail = story.evidence("identity", "s1")["boots"].detail
    assert detail == {
        "returned": "b1",
        "between": "b2",
        "address": "at-b1",
        "address_between": "at-b2",
        "makes_way": "b2",
    }


@given(st.lists(st.sampled_from(["x", "y", "z"]), min_size=2, max_size=20))
def test_whatever_their_order_the_one_that_was_first_heard_keeps_the_name(boots: list[str]) -> None:
    story = Story()
    story.mute("s1")
    story.open()
    story.run(4.0)
    story.host("s1").birth = None
    expected, known = [], list[str]()

    for before, boot in zip(["", *boots], boots, strict=False):
        turns(story, boot)
        if boot in known and boot != before:
            expected.append(before if boot == known[0] else boot)
        known += [] if boot in known else [boot]

    assert [each.boot for each in told(story)] == expected
    assert known[0] not in expected


def test_an_agent_that_restarts_is_told_nothing(story: Story) -> None:
    turns(story, "b2", "b3", "b4", "b5", "b6", "b7")

    assert told(story) == []


def test_older_agents_are_told_nothing_and_named_all_the_same(story: Story) -> None:
    turns(story, "b2", "b1", "b2", "b1", yields=False)
    story.unmute("s1", run_s=ALTERNATION_S + 5.0)

    assert told(story) == []
    assert [(what, who) for _, what, who, _ in story.lines()] == [
        ("opened", "identity s1"),
        ("closed", "identity s1"),
    ]


def test_a_twin_that_makes_way_again_and_again_is_one_lasting_incident(story: Story) -> None:
    turns(story, "b2", "b1", "b2")
    turn(story, "b1", run_s=0.0)
    for times in range(1, 7):
        story.unmute("s1", run_s=yield_wait_s(times))
        story.mute("s1")
        turn(story, "b2", run_s=BACK_S)
        turn(story, "b1", run_s=0.0)
    last_at = story.now

    story.unmute("s1", run_s=YIELD_MAX_S + OVER_S + 1.0)

    assert {each.boot for each in told(story)} == {"b2"}
    lines = story.lines()
    assert [(what, who, cause) for _, what, who, cause in lines] == [
        ("opened", *TWINS),
        ("closed", *TWINS),
    ]
    assert lines[-1][0] == last_at + YIELD_MAX_S + OVER_S


def test_nobody_makes_way_for_one_that_is_gone(story: Story) -> None:
    turns(story, "b2", "b1", "b2", "b1")
    story.run(GRACE_S + 5.0)
    story.forget()

    turn(story, "b2")

    assert told(story) == []


def test_boot_that_is_back_after_long_is_a_machine_that_was_put_back(story: Story) -> None:
    turns(story, "b2")
    story.unmute("s1", run_s=GRACE_S + 5.0)
    before = story.host("s1").restarts

    turns(story, "b1")
    story.unmute("s1", run_s=10.0)

    assert story.opened() == []
    assert told(story) == []
    assert story.host("s1").restarts == before + 1


@pytest.mark.parametrize(("yields", "lasts_s"), [(True, YIELD_MAX_S + OVER_S), (False, 60.0)])
def test_incident_outlives_a_restart_for_as_long_as_a_twin_may_wait(
    story: Story, *, yields: bool, lasts_s: float
) -> None:
    turns(story, "b2", "b1", yields=yields)
    story.forget()

    story.restart()
    story.open()
    begun = story.now
    story.unmute("s1", run_s=lasts_s + 1.0)

    assert story.lines() == [(begun + lasts_s, "closed", *TWINS)]


@pytest.mark.parametrize(("other", "tells"), [("a-first-one", False), ("z-last-one", True)])
def test_of_several_aggregators_one_tells(story: Story, other: str, *, tells: bool) -> None:
    state = encode(CentreState("online"))
    story.deliver(Message(topics.centre_state(other), state))

    turns(story, "b2", "b1")

    assert [each.boot for each in told(story)] == (["b2"] if tells else [])
    assert story.evidence("identity", "s1")["boots"].detail["makes_way"] == "b2"
