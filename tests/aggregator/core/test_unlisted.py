"""Hosts that the inventory does not list: their places are few, and fall free again."""

from collections.abc import Iterable

from aggregator.core.states import HostState
from aggregator.core.unlisted import FREE_AFTER_S, PROVED_S, UNLISTED_MAX, WAITING_MAX
from tests.kit.machine import Machine, Message
from tests.kit.story import STEP_S, Story
from venuewatch.base.wire.errors import Reason


def beat_of(story: Story, name: str) -> Message:
    return Machine("STA", name).beat(story.now)


def take_every_place(story: Story) -> list[str]:
    """Let as many names as there are places beat once."""
    names = [f"x{number}" for number in range(UNLISTED_MAX)]
    story.deliver(*[beat_of(story, name) for name in names])
    return names


def keep_beating(story: Story, names: Iterable[str]) -> None:
    for number, name in enumerate(names):
        story.machines[name] = Machine("STA", name, STEP_S * (number % 8))
        story.machines[name].seq = 1


def is_watched(story: Story, name: str) -> bool:
    return story.centre.fleet.find(name) is not None


def test_places_of_silent_names_fall_free(story: Story) -> None:
    names = take_every_place(story)
    story.run(FREE_AFTER_S - 1.0)
    assert all(is_watched(story, name) for name in names)

    story.run(3.0)

    assert not any(is_watched(story, name) for name in names)
    assert story.centre.fleet.venues["STA"].unlisted == 0
    assert [one.subject.host for one in story.centre.decisions.incidents.open.values()] == []


def test_place_of_a_slow_host_is_kept_while_it_beats(story: Story) -> None:
    slow = story.machines["slow"] = Machine("STA", "slow")
    slow.interval_s = 60.0
    story.deliver(slow.beat(story.now))
    story.deliver(slow.birth())

    story.run(300.0)

    assert story.state("slow") is HostState.UP


def test_genuine_name_takes_a_place_of_an_invented_one(story: Story) -> None:
    take_every_place(story)

    keep_beating(story, ["genuine"])
    story.run(PROVED_S + 3.0)

    assert story.state("genuine") is HostState.UP
    assert story.centre.fleet.venues["STA"].unlisted == UNLISTED_MAX
    refused = story.centre.intake.rejected[Reason.TOO_MANY_UNLISTED]
    assert refused == story.centre.intake.unlisted.refused["STA"] >= PROVED_S


def test_name_that_beat_for_the_shortest_time_loses_its_place(story: Story) -> None:
    keep_beating(story, [f"old{number}" for number in range(UNLISTED_MAX - 1)])
    story.run(20.0)
    keep_beating(story, ["young"])
    story.run(5.0)
    assert story.state("young") is HostState.UP

    keep_beating(story, ["genuine"])
    story.run(PROVED_S + 3.0)

    assert story.state("genuine") is HostState.UP
    unlisted = {host.name for host in story.centre.fleet if not host.is_listed}
    assert len(unlisted) == UNLISTED_MAX
    assert "young" not in unlisted


def test_genuine_name_comes_in_beside_rotating_inventions(story: Story) -> None:
    keep_beating(story, ["genuine"])
    for number in range(round(30.0 / STEP_S)):
        story.deliver(*[beat_of(story, f"x{number}-{at}") for at in range(60)])
        story.run(STEP_S)

    assert story.state("genuine") is HostState.UP


def test_names_that_wait_are_bounded(story: Story) -> None:
    take_every_place(story)
    for number in range(3):
        story.deliver(*[beat_of(story, f"w{number}-{at}") for at in range(WAITING_MAX)])
        story.run(1.0)

    assert story.centre.intake.unlisted.waiting("STA") == WAITING_MAX

    story.run(FREE_AFTER_S + 2.0)
    assert story.centre.intake.unlisted.waiting("STA") == 0


def test_name_that_lost_its_place_can_come_back(story: Story) -> None:
    keep_beating(story, ["visitor"])
    story.run(5.0)
    story.mute("visitor", run_s=FREE_AFTER_S + 5.0)
    assert not is_watched(story, "visitor")
    story.unmute("visitor", run_s=5.0)

    assert story.state("visitor") is HostState.UP
    assert story.centre.fork() is not None


def test_fork_goes_on_after_places_fell_free(story: Story) -> None:
    take_every_place(story)
    story.run(FREE_AFTER_S + 3.0)

    forked = list(story.centre.fork_in_pieces())[-1]

    assert forked is not None
    assert [host.name for host in forked.fleet] == [host.name for host in story.centre.fleet]


def test_unlisted_host_that_left_is_forgotten_without_a_word_whatever_the_limit() -> None:
    story = Story(away_limit_s=20.0).bring_up()
    keep_beating(story, ["visitor"])
    story.run(5.0)
    story.leave("visitor")
    assert story.state("visitor") is HostState.AWAY

    story.run(FREE_AFTER_S + 5.0)

    assert not is_watched(story, "visitor")
    assert story.accused() == []
