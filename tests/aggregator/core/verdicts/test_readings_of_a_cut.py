"""Readings that a host took while nobody heard it accuse nothing else: all failed then."""

import itertools
from typing import Any

import pytest

from aggregator.core.states import HostState
from tests.kit.checks import EVERY_S, report
from tests.kit.story import Story
from venuewatch.base.wire.checks import CheckState

GATEWAY = {"check": "gw", "kind": "gateway", "every_s": EVERY_S}
RESULTS = {"check": "odf", "kind": "feed", "every_s": EVERY_S}
_numbers = itertools.count(1_000)


@pytest.fixture
def story() -> Story:
    return Story({"STA": ("s1", "s2", "s3", "s4"), "AQU": ("a1", "a2", "a3")}).bring_up()


def receive(story: Story, taken_at: float, state: CheckState, **said: Any) -> None:
    """Let a reading of s1 come now that was taken before."""
    story.deliver(story.machines["s1"].check(taken_at, next(_numbers), state, **said))


def told(story: Story) -> list[tuple[str, str]]:
    """Hand over, once, what was told of checks and feeds: what, of whom."""
    lines = ((change, who) for _, change, who, _ in story.lines())
    return [line for line in lines if line[1].partition(" ")[0] in {"check", "feed"}]


@pytest.mark.parametrize("cut_s", [1.6, 20.0], ids=["late", "down"])
def test_readings_of_a_cut_come_in_a_burst_and_accuse_nobody(story: Story, cut_s: float) -> None:
    cut_at = story.now
    story.mute("s1", run_s=cut_s)
    state = story.state("s1")
    story.unmute("s1", run_s=5.0)

    receive(story, cut_at + cut_s / 3, "critical", **GATEWAY)
    receive(story, cut_at + cut_s / 2, "critical", **GATEWAY)
    receive(story, cut_at + cut_s / 2, "silent", **RESULTS)
    story.run(3 * EVERY_S)

    assert state is (HostState.LATE if cut_s < EVERY_S else HostState.DOWN)
    assert story.state("s1") is HostState.UP
    assert told(story) == []


def test_readings_of_a_cut_that_come_before_the_first_beat_accuse_nobody(story: Story) -> None:
    """The bulk connection may be faster than the one of the beats."""
    cut_at = story.now
    story.mute("s1", run_s=20.0)

    receive(story, cut_at + 5.0, "critical", **GATEWAY)
    receive(story, cut_at + 15.0, "critical", **GATEWAY)
    story.unmute("s1", run_s=3 * EVERY_S)

    assert told(story) == []


def test_what_fails_still_after_a_cut_is_told(story: Story) -> None:
    cut_at = story.now
    story.mute("s1", run_s=20.0)
    story.unmute("s1", run_s=5.0)
    receive(story, cut_at + 15.0, "critical", **GATEWAY)

    report(story, "s1", "critical", "critical")
    receive(story, story.now, "silent", **RESULTS)
    story.run(3 * EVERY_S)

    assert sorted(told(story)) == [("opened", "check s1"), ("opened", "feed s1")]


def test_reading_of_a_cut_that_is_well_ends_what_was_told_before(story: Story) -> None:
    """Such a check asks its own machine: a file, a process."""
    report(story, "s1", "critical", "critical")
    story.run(3 * EVERY_S)
    cut_at = story.now
    story.mute("s1", run_s=20.0)
    story.unmute("s1", run_s=5.0)

    receive(story, cut_at + 15.0, "ok", **GATEWAY)

    assert told(story) == [("opened", "check s1"), ("closed", "check s1")]
