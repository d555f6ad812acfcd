"""Cuts of venues whose hosts do not beat as one: slow, away, unlisted, or cut again."""

import pytest

from aggregator.core.states import HostState
from tests.kit.machine import Machine, Message
from tests.kit.story import HERE, STEP_S, Story
from venuewatch.base.wire import topics

PAIR = {"STA": ("s1", "s2"), "AQU": ("a1", "a2", "a3")}


@pytest.fixture
def slow() -> Story:
    """Two venues with three hosts each, all of them up; s3 beats each minute."""
    slow = Story()
    slow.machines["s3"].interval_s = 60.0
    slow.bring_up()
    return slow


def scopes(story: Story) -> list[str]:
    return sorted(subject.scope for subject in story.centre.decisions.incidents.open)


@pytest.mark.parametrize(("is_reached", "is_behind"), [(None, True), (False, False)])
def test_a_host_fallen_unexplained_is_behind_the_cut(
    *, is_reached: bool | None, is_behind: bool
) -> None:
    mixed = Story()
    for name, phase_s in (("s2", 4.5), ("s3", 4.75)):
        mixed.machines[name].interval_s = 5.0
        mixed.machines[name].phase_s = phase_s
    mixed.bring_up()  # at 5 s
    mixed.mute(*HERE)

    mixed.run(2.0)
    alone = mixed.opened()
    if is_reached is not None:  # before the link was cut
        for by in ("s2", "s3"):
            mixed.answer(by, "s1", is_reached=is_reached)
    mixed.run(10.0)

    assert alone == [("host s1", "silent")]
    assert ("s1" in mixed.incident("venue", "STA").children) == is_behind
    assert (mixed.state("s1") is HostState.UNREACHABLE) == is_behind


@pytest.mark.parametrize(
    ("interval_s", "phase_s", "margin_s"),
    [(5.0, 3.0, 1.75), (1.0, 0.75, 0.5)],
    ids=["slow beats", "short margin"],
)
def test_hosts_not_due_together_are_behind_one_cut(
    interval_s: float, phase_s: float, margin_s: float
) -> None:
    pair = Story(PAIR, margin_s=margin_s)
    pair.machines["s2"].phase_s = phase_s
    for name in ("s1", "s2"):
        pair.machines[name].interval_s = interval_s
    pair.bring_up()
    pair.run(10.0)
    pair.mute("s1", "s2")

    pair.run(30.0)

    assert scopes(pair) == ["venue"]


def test_a_second_cut_before_the_return_accuses_nobody() -> None:
    pair = Story(PAIR).bring_up()
    pair.mute("s1", "s2", run_s=10.0)
    pair.unmute("s1", run_s=4.0)
    pair.mute("s1")

    pair.run(60.0)

    assert scopes(pair) == ["venue"]


def test_a_slow_host_of_a_flapping_venue_is_fine(slow: Story) -> None:
    for _ in range(3):
        slow.unmute(*HERE, run_s=6.0)
        slow.mute(*HERE, run_s=5.0)

    slow.run(120.0)

    lines = slow.lines()
    assert ("venue STA", "flapping") in [line[2:] for line in lines]
    assert {line[2] for line in lines} == {"venue STA"}


def test_a_slow_living_host_ends_its_venues_cut(slow: Story) -> None:
    slow.mute("s1", "s2")  # which are dead

    slow.run(600.0)

    assert scopes(slow) == ["host", "host"]
    assert {slow.state(name) for name in ("s1", "s2")} == {HostState.DOWN}


@pytest.mark.parametrize("was_away", [True, False])
def test_a_host_not_behind_the_cut_ends_it(story: Story, *, was_away: bool) -> None:
    if was_away:
        story.leave("s3")
    else:
        story.reach["s3"] = False
        story.mute("s3", run_s=10.0)
    story.mute("s1", "s2", run_s=10.0)
    cut = scopes(story)
    story.unmute("s3")

    story.run(60.0)

    assert "venue" in cut
    assert scopes(story) == ["host", "host"]
    assert story.state("s1") is HostState.DOWN


def test_unlisted_hosts_that_are_heard_do_not_end_a_cut(story: Story) -> None:
    story.mute(*HERE, run_s=10.0)
    visitor = story.machines["visitor"] = Machine("STA", "visitor")

    story.run(60.0)

    assert scopes(story) == ["venue"]
    assert visitor.seq == 60


def test_unlisted_hosts_that_beat_hide_no_cut(story: Story) -> None:
    for number in range(99):
        story.machines[f"x{number}"] = Machine("STA", f"x{number}", STEP_S * (number % 8))
    story.run(5.0)

    story.mute(*HERE, run_s=10.0)

    assert scopes(story) == ["venue"]
    assert set(story.incident("venue").children) == set(HERE)


def test_unlisted_hosts_that_fall_silent_cut_off_no_venue(story: Story) -> None:
    for number in range(9):
        story.machines[f"x{number}"] = Machine("STA", f"x{number}", STEP_S * (number % 8))
    story.run(5.0)

    story.mute("s1", *(f"x{number}" for number in range(9)), run_s=10.0)

    assert "venue" not in scopes(story)
    assert story.state("s1") is HostState.DOWN
    assert story.state("s2") is HostState.UP


def test_unlisted_hosts_elsewhere_are_no_proof_of_hearing(story: Story) -> None:
    visitor = story.machines["visitor"] = Machine("AQU", "visitor")
    story.run(5.0)

    story.mute(*(name for name in story.machines if name != visitor.name), run_s=10.0)

    assert scopes(story) == ["centre"]


def test_absence_is_no_incident_while_the_venue_is_cut() -> None:
    away = Story(away_limit_s=30.0).bring_up()
    away.leave("s3")
    away.run(10.0)
    away.mute("s1", "s2", run_s=100.0)
    cut = scopes(away)
    away.unmute("s1", "s2")

    away.run(60.0)

    assert cut == ["venue"]
    assert away.opened()[-1] == ("host s3", "did_not_return")


def test_wills_of_a_venues_stopped_broker_accuse_no_host(story: Story) -> None:
    for name in HERE:
        story.kill(name)
    story.deliver(Message(topics.BRIDGES + "STA", b"0"))

    story.run(10.0)

    assert story.opened() == [("venue STA", "venue_unreachable")]


def test_a_voided_will_is_no_evidence_in_a_cut(story: Story) -> None:
    machine = story.machines["s1"]
    story.deliver(machine.death())
    machine.session = 2
    story.deliver(machine.birth())
    story.mute(*HERE)

    story.run(10.0)

    assert story.opened() == [("venue STA", "venue_unreachable")]
