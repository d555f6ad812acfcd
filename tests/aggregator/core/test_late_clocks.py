"""Late readings of a machine whose clock was set while they waited: their age fixes their times."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from aggregator.core.outputs import LateReading, Store
from tests.kit.machine import WALL
from tests.kit.story import ALONE, HOST, Story
from venuewatch.base.wire.messages import Backlog, CheckReading, Checks, Vitals
from venuewatch.base.wire.readings import Readings

NOW = 50.0
AT_1970 = 12_000
"""A wall time (ms) of a machine that has no clock of its own, seconds after its start."""


@pytest.fixture
def heard() -> Story:
    """One host that is known and has never beaten, at 50 s."""
    return begun()


def begun() -> Story:
    story = Story(ALONE)
    story.subscribe(0.0)
    story.advance(NOW)
    return story


def vitals(wall_ms: int, age_ms: int | None, *, restarted: bool = False) -> Vitals:
    readings = Readings(node_load1=1.0)
    return Vitals("a", 1, 1, wall_ms, readings, age_ms=age_ms, restarted=restarted)


def checks(wall_ms: int, *taken_ms: int, age_ms: int) -> Checks:
    readings = [
        CheckReading(
            check=f"isp-{at}", kind="ping", state="ok", every_s=30.0, wall_ms=at, duration_s=0.1
        )
        for at in taken_ms
    ]
    return Checks("a", 1, 1, wall_ms, readings, age_ms)


def stored(story: Story, *late: Vitals | Checks) -> list[LateReading]:
    """Let a backlog come; return what is to be stored of it."""
    of_vitals = [each for each in late if isinstance(each, Vitals)]
    of_checks = [each for each in late if isinstance(each, Checks)]
    story.deliver(story.machines[HOST].said(Backlog("a", 1, 1, of_vitals, of_checks)))
    return [reading for out in story.said() if isinstance(out, Store) for reading in out.readings]


def seconds(late: LateReading) -> list[float]:
    """Return when (s of the story) a late reading was taken, as it is stored and as it is shown."""
    shown = [one.timestamp_ms for one in late.known]
    return [ms / 1000 - WALL for ms in (late.wall_ms, *shown)]


@pytest.mark.parametrize("offset_s", [None, 0.0, 0.5])
def test_none_of_1970_is_stored_if_the_clock_was_set_since(
    heard: Story, offset_s: float | None
) -> None:
    heard.host().clock_offset_s = offset_s

    (late,) = stored(heard, vitals(AT_1970, 30_000))

    assert seconds(late) == pytest.approx([20.0, 20.0], abs=0.51)


def test_clock_that_is_wrong_still_is_allowed_for_as_ever(heard: Story) -> None:
    heard.host().clock_offset_s = 3_600.0

    (late,) = stored(heard, vitals(AT_1970, 30_000))

    assert seconds(late) == [3_620.0, 20.0]


def test_each_reading_of_checks_is_moved_by_as_much(heard: Story) -> None:
    heard.host().clock_offset_s = 0.0

    (late,) = stored(heard, checks(AT_1970, AT_1970 - 1_000, AT_1970 - 250, age_ms=30_000))

    assert seconds(late) == [20.0, 19.0, 19.75]


@given(st.floats(-2.0, 2.0), st.integers(0, 40_000))
def test_clock_that_was_right_then_and_now_keeps_its_times(late_s: float, age_ms: int) -> None:
    story = begun()
    story.host().clock_offset_s = 0.0
    said_ms = round((WALL + NOW + late_s) * 1000) - age_ms

    (late,) = stored(story, vitals(said_ms, age_ms))

    assert late.wall_ms == said_ms


def test_machine_that_was_restarted_keeps_its_times_and_they_are_in_doubt(heard: Story) -> None:
    heard.host().clock_offset_s = 0.0

    (late,) = stored(heard, vitals(AT_1970, None, restarted=True))

    assert late.wall_ms == AT_1970
    assert late.message.restarted


def test_age_is_no_part_of_what_is_stored(heard: Story) -> None:
    (late,) = stored(heard, vitals(AT_1970, 30_000))

    assert late.message.age_ms is None
    assert late.message == replace(late.message, wall_ms=late.wall_ms)


def test_older_agents_say_no_age_and_are_stored_as_ever(heard: Story) -> None:
    heard.host().clock_offset_s = 0.0

    (late,) = stored(heard, vitals(AT_1970, None))

    assert late.wall_ms == AT_1970
    assert not late.message.restarted


def test_age_beyond_all_time_stores_nothing_before_1970(heard: Story) -> None:
    (late,) = stored(heard, vitals(AT_1970, 2**53))

    assert late.wall_ms == 0
