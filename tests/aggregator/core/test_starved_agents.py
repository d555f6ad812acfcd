"""An agent that did not run says so in its next beat: nobody is accused of that time."""

import pytest

from aggregator.core.states import HostState
from tests.kit.machine import MARGIN_S, WALL
from tests.kit.story import ALONE, HOST, Story
from venuewatch.base.wire.messages import Beat, Echo

INTERVAL_S = 1.0
STOPPED_S = 4.0


@pytest.fixture
def alone() -> Story:
    story = Story(ALONE)
    story.begin(interval_s=INTERVAL_S)
    return story


def beat(
    story: Story, at: float, seq: int, *, late_s: float = 0.0, tick: Echo | None = None
) -> None:
    """Let the host beat, and say that it did not run for ``late_s``."""
    story.advance(at)
    wall_ms = int((WALL + at) * 1000)
    said = Beat("a", 1, seq, int(at * 1000), wall_ms, tick, late_ms=int(late_s * 1000))
    story.deliver(story.machines[HOST].said(said))


def starve(story: Story, times: int, *, says_so: bool) -> None:
    """Let an agent not run for a while, so many times, and beat well in between."""
    seq, at = 0, story.now
    for _ in range(times):
        seq, at = seq + int(STOPPED_S), at + STOPPED_S
        beat(story, at, seq, late_s=STOPPED_S - INTERVAL_S if says_so else 0.0)
        for _ in range(4):
            seq, at = seq + 1, at + INTERVAL_S
            beat(story, at, seq)


def late(story: Story) -> int:
    return sum(story.centre.fleet.venues["STA"].lateness.counts[1:])


@pytest.mark.parametrize("says_so", [True, False])
def test_late_beats_of_a_starved_agent_are_not_its_venues(alone: Story, *, says_so: bool) -> None:
    late_s = MARGIN_S - 0.25

    beat(alone, INTERVAL_S + late_s, 1, late_s=late_s if says_so else 0.0)

    assert late(alone) == (not says_so)


def test_a_starved_agent_flaps_only_after_many_falls(alone: Story) -> None:
    starve(alone, 5, says_so=True)
    told = alone.opened()

    assert alone.state() is HostState.UP
    assert [cause for _, cause in told] == ["silent"] * 5


def test_the_same_falls_unexplained_are_flapping(alone: Story) -> None:
    starve(alone, 5, says_so=False)

    assert "flapping" in [cause for _, cause in alone.opened()]


def test_a_host_that_starves_for_long_is_one_incident(alone: Story) -> None:
    starve(alone, 30, says_so=True)

    assert len(alone.opened()) < 10
    assert alone.incident("host").cause == "flapping"


def test_the_incident_says_that_the_agent_did_not_run(alone: Story) -> None:
    beat(alone, 5.0, 5, late_s=4.0)
    beat(alone, 6.0, 6, late_s=4.0)

    seen = [seen for seen in alone.incident("host").evidence if seen.seen == "starved"]
    assert [(one.by, one.at, one.detail) for one in seen] == [(HOST, 5.0, {"late_s": 4.0})]


def test_lateness_within_the_margin_excuses_no_fall(alone: Story) -> None:
    beat(alone, 60.0, 60, late_s=MARGIN_S - 0.25)

    assert "starved" not in alone.evidence("host")


def test_what_a_starved_agent_read_late_is_no_round_trip() -> None:
    story = Story(ALONE).bring_up()
    host = story.host()
    known = host.round_trip_s, host.clock_offset_s
    story.mute(HOST, run_s=STOPPED_S)
    number = next(iter(story.machines[HOST].ticks.values()))[0]

    said = Beat("b1", 1, 99, 0, int((WALL - 60.0) * 1000), Echo(number - 3, 0), late_ms=3_000)
    story.deliver(story.machines[HOST].said(said))

    assert (host.round_trip_s, host.clock_offset_s) == known


def test_beats_of_a_starved_agent_are_no_loss_of_one_way(alone: Story) -> None:
    for number in range(1, 12):
        beat(alone, float(number), number, late_s=0.75)

    assert alone.host().echoes.unechoed == 0
