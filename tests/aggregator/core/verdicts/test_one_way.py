"""Verdict on beats that echo no tick: a host, or a whole venue, does not hear us."""

import pytest

from aggregator.core.outputs import Store
from tests.kit.story import HERE, STADE, STEP_S, Story


def set_deaf(story: Story, *names: str, is_deaf: bool = True) -> None:
    for name in names:
        story.machines[name].is_deaf = is_deaf


def deafen(story: Story, *names: str) -> None:
    """Let no tick reach these hosts for long enough to be believed."""
    set_deaf(story, *names)
    story.run(15.0)


def quick(*, is_deaf: bool) -> Story:
    """Return two venues, and one whose host beats faster than we tick."""
    story = Story(STADE | {"TAH": ("t1",)})
    machine = story.machines["t1"]
    machine.interval_s, machine.is_deaf, machine.is_mute = STEP_S, is_deaf, not is_deaf
    story.bring_up()
    return story


def test_evidence_names_returned_ticks_and_each_mute_host(story: Story) -> None:
    deafen(story, "s1", "s2")

    seen = story.incident("link").evidence
    ticks = seen[0].detail["ticks_returned"]
    assert isinstance(ticks, int)
    assert ticks >= 5
    assert [(each.seen, each.detail.get("host")) for each in seen] == [
        ("canary", None),
        ("no_echo", "s1"),
        ("no_echo", "s2"),
    ]
    assert seen[1].detail == {"host": "s1", "beats": 6, "hosts_beating": 3}


def test_a_link_is_over_after_three_echoes(story: Story) -> None:
    deafen(story, "s1")
    story.lines()

    set_deaf(story, "s1", is_deaf=False)
    story.run(2.0)
    before = story.lines()
    story.run(1.5)

    assert before == []
    assert [line[1:] for line in story.lines()] == [("closed", "link s1", "one_way_loss")]


def test_a_few_lost_ticks_are_no_news(story: Story) -> None:
    set_deaf(story, "s1")
    story.run(4.0)
    set_deaf(story, "s1", is_deaf=False)
    story.run(10.0)

    assert story.lines() == []


def test_ticks_that_we_miss_too_accuse_no_link(story: Story) -> None:
    story.canary_s = None

    deafen(story, *story.machines)

    assert [who for who, _ in story.opened()] == ["centre"]


@pytest.mark.parametrize("deaf", [("s1", "s2"), HERE])
def test_most_of_a_venue_deaf_are_one_link(story: Story, deaf: tuple[str, ...]) -> None:
    deafen(story, *deaf)

    assert story.opened() == [("link STA", "one_way_loss")]
    assert set(story.incident("link").children) == set(deaf)


def test_a_host_deaf_later_than_its_venue_joins_it(story: Story) -> None:
    deafen(story, "s1", "s2")
    deafen(story, "s3")

    assert story.opened() == [("link STA", "one_way_loss")]
    assert set(story.incident("link").children) == set(HERE)


def test_two_of_five_that_are_deaf_are_two_links() -> None:
    five = Story({"STA": ("s1", "s2", "s3", "s4", "s5")}).bring_up()

    deafen(five, "s1", "s2")

    assert sorted(five.opened()) == [("link s1", "one_way_loss"), ("link s2", "one_way_loss")]


def test_a_venues_link_ends_though_anothers_ended_before(story: Story) -> None:
    deafen(story, *story.machines)
    set_deaf(story, *HERE, is_deaf=False)
    story.run(5.0)
    set_deaf(story, "a1", "a2", "a3", is_deaf=False)
    story.run(5.0)

    assert story.centre.decisions.incidents.open == {}
    lines = sorted(line[1:] for line in story.lines())
    assert lines == [
        (change, f"link {venue}", "one_way_loss")
        for change in ("closed", "opened")
        for venue in ("AQU", "STA")
    ]


def test_no_link_is_accused_while_its_way_heals(story: Story) -> None:
    story.mute(*HERE, run_s=10.0)
    story.forget()
    set_deaf(story, "s1")
    story.unmute(*HERE)

    story.run(15.0)

    assert story.opened() == []


def test_beats_of_a_burst_count_once() -> None:
    patient = Story(margin_s=9.0).bring_up()
    set_deaf(patient, "s1")

    patient.hang("s1", 20.0)
    set_deaf(patient, "s1", is_deaf=False)
    patient.run(5.0)

    assert [who for who, _ in patient.opened() if who.startswith("link")] == []


def test_beats_faster_than_ticks_accuse_nobody() -> None:
    story = quick(is_deaf=False)
    story.run(8.0)
    story.machines["t1"].ticks.clear()

    story.unmute("t1", run_s=0.875)

    assert story.lines() == []


def test_a_link_of_fast_beats_ends_too() -> None:
    story = quick(is_deaf=True)
    story.run(20.0)
    set_deaf(story, "t1", is_deaf=False)

    story.run(10.0)

    assert [line[1:3] for line in story.lines()] == [("opened", "link t1"), ("closed", "link t1")]


@pytest.mark.parametrize("names", [("s1",), HERE])
def test_hosts_that_leave_take_their_link_along(story: Story, names: tuple[str, ...]) -> None:
    deafen(story, *names)
    for name in names:
        story.leave(name)

    story.run(60.0)

    assert [line[1] for line in story.lines()] == ["opened", "closed"]


def test_a_link_without_news_is_not_stored_again(story: Story) -> None:
    deafen(story, *HERE)
    story.forget()

    story.run(10.0)

    stores = [output for output in story.said() if isinstance(output, Store)]
    assert stores
    assert not any(store.incidents for store in stores)


def test_an_agent_back_and_not_deaf_is_not_accused(story: Story) -> None:
    machine = story.machines["s1"]
    deafen(story, "s1")
    story.deliver(machine.death("farewell"))
    story.mute("s1", run_s=20.0)
    story.lines()
    machine.boot, machine.is_deaf = "b2", False
    machine.ticks.clear()
    story.deliver(machine.birth())
    story.unmute("s1")

    story.run(10.0)

    assert story.lines() == []
