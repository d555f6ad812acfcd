"""Time without verdicts, and a grace that does not end: each is told, once, whatever the reason."""

import pytest

from aggregator.core.incidents.record import IncidentChanged, Subject
from aggregator.core.outputs import Moment
from aggregator.core.suspension import SUSPENDED_S, TOGETHER_S, Suspension
from tests.kit.machine import GRACE_S
from tests.kit.story import Story
from venuewatch.base.wire import topics
from venuewatch.base.wire.topics import Stream

BLIND = ("opened", "centre", "aggregator_blind")


def of_centre(story: Story) -> list[tuple[str, str, str]]:
    return [line[1:] for line in story.lines() if line[2] == "centre"]


@pytest.mark.parametrize("seconds", [1.0, 2.5])
def test_short_spells_that_follow_each_other_are_one_incident(story: Story, seconds: float) -> None:
    for _ in range(8):
        story.reconnect(seconds)
        story.run(20.0)

    assert of_centre(story) == [BLIND]


def test_spells_are_told_within_five_seconds(story: Story) -> None:
    story.reconnect(2.0)
    story.run(20.0)
    story.lose_connection()
    lost_at = story.now

    story.run(3.0)

    ((told_at, *_),) = [line for line in story.lines() if line[2] == "centre"]
    assert told_at <= lost_at + (SUSPENDED_S - 2.0) + 2.0


def test_an_incident_of_spells_ends_when_none_follows(story: Story) -> None:
    for _ in range(3):
        story.reconnect(2.0)
        story.run(10.0)
    story.lines()

    story.run(TOGETHER_S + 5.0)

    assert of_centre(story) == [("closed", "centre", "aggregator_blind")]


def test_canaries_late_again_and_again_are_told(story: Story) -> None:
    for _ in range(12):
        story.hold(1.5)
        story.run(8.0)

    assert of_centre(story)[:1] == [BLIND]
    assert set(story.evidence("centre")) == {"overloaded"}


def test_a_long_stall_is_told_with_its_length(story: Story) -> None:
    story.stall(20.0)
    story.run(1.0)

    assert of_centre(story) == [BLIND]
    lasted_s = story.evidence("centre")["stalled"].detail["lasted_s"]
    assert lasted_s == pytest.approx(20.0, abs=0.5)
    assert story.accused() == []


def test_a_grace_begun_again_and_again_is_told(story: Story) -> None:
    """One host stays away, and our connection is lost again before it can be judged."""
    began = story.now
    others = tuple(name for name in story.machines if name != "s1")
    while story.now < began + GRACE_S + 10.0:
        story.reconnect(0.5, *others)
        story.run(GRACE_S / 3)

    told = [line for line in story.lines() if line[3] == "grace_too_long"]
    assert [line[1] for line in told] == ["opened"]
    assert told[0][0] <= began + GRACE_S + 5.0
    story.run(GRACE_S + 5.0)
    assert story.state("s1") == "down"
    assert Subject("centre", check="grace") not in story.centre.decisions.incidents.open


def test_one_grace_is_never_too_long(story: Story) -> None:
    story.reconnect(2.0, "s2", "s3", "a1", "a2", "a3")

    story.run(3 * GRACE_S)

    assert not [line for line in story.lines() if line[3] == "grace_too_long"]


def test_spells_far_apart_are_not_added_up() -> None:
    spells = Suspension()
    for at in (0.0, 100.0, 200.0, 300.0):
        spells.begin(at, "canary", at)
        spells.end(at + 2.0)

    assert spells.lasted_s(302.0) == 2.0
    assert spells.tell_at == float("inf")


def numbers(story: Story) -> list[tuple[str, int, int]]:
    """Hand over, once, what was reported of the centre: the change, of which incident, as what."""
    return [
        (out.change, out.incident.number, out.seq)
        for out in story.said()
        if isinstance(out, IncidentChanged) and out.incident.subject == Subject("centre")
    ]


def test_a_spell_soon_after_one_that_is_over_is_the_same_incident(story: Story) -> None:
    for _ in range(3):
        story.reconnect(6.0)
        story.run(TOGETHER_S - 15.0)
    story.run(TOGETHER_S + 10.0)

    changes = ["opened", "closed"] * 3
    assert numbers(story) == [(change, 1, seq) for seq, change in enumerate(changes, 1)]


def test_a_spell_long_after_one_that_is_over_is_another_incident(story: Story) -> None:
    for _ in range(2):
        story.reconnect(6.0)
        story.run(TOGETHER_S + 15.0)

    assert numbers(story) == [
        ("opened", 1, 1),
        ("closed", 1, 2),
        ("opened", 2, 1),
        ("closed", 2, 2),
    ]


def test_an_incident_that_is_open_again_is_remembered_as_open(story: Story) -> None:
    story.reconnect(6.0)
    story.run(20.0)
    story.lose_connection()
    story.run(6.0)

    memory = story.centre.memory(Moment(story.now, story.now))

    assert [(each.number, each.closed_at) for each in memory.incidents] == [(1, None)]
    assert memory.reported == {1: 3}


def test_a_blink_after_a_spell_that_is_over_is_not_told(story: Story) -> None:
    story.reconnect(6.0)
    story.run(20.0)
    numbers(story)

    story.reconnect(0.5)
    story.run(20.0)

    assert numbers(story) == []


def test_the_flooder_behind_a_spell_is_named_once_its_flood_is_read(story: Story) -> None:
    """While we hear nothing, nobody can know who fills the line before us."""
    machine = story.machines["a1"]
    junk = machine.said(machine.announced())._replace(
        topic=topics.topic("AQU", "a1", Stream.BEAT), payload=b"?" * 200
    )
    story.hold(6.0)
    flood = [junk] * 20_000
    at_first = {seen.seen for seen in story.incident("centre").evidence}

    story.deliver(*flood)
    story.run(5.0)

    (told,) = [each for each in story.centre.decisions.store.known() if each.closed_at is not None]
    assert "loud" not in at_first
    assert {seen.by for seen in told.evidence if seen.seen == "loud"} == {"a1"}
