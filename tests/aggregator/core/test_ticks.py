"""Ticks: round trips and clock offsets from their echoes, and their phase."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.ticks import Ticks, clock_offset, until_next_s
from venuewatch.base.wire.messages import Echo


def test_ticks_are_numbered_and_carry_our_clock() -> None:
    ticks = Ticks("ours")

    first, second = ticks.next(10.0), ticks.next(11.5)

    assert second.number == first.number + 1
    assert (first.mono_ms, second.mono_ms) == (10_000, 11_500)


def test_an_echo_of_no_tick_of_ours_says_nothing() -> None:
    ours, others = Ticks("ours"), Ticks("theirs")
    tick = others.next(10.0)
    last = ours.next(11.0)

    for number, held_ms in ((tick.number, 0), (0, 0), (2**53, 0), (last.number, 600)):
        assert ours.round_trip(Echo(number, held_ms), 11.5) is None
    assert not ours.is_ours(tick)


def test_a_tick_is_remembered_for_two_minutes() -> None:
    ticks = Ticks("ours")
    tick = ticks.next(0.0)

    for second in range(1, 120):
        ticks.next(second)
    just_in_time = ticks.round_trip(Echo(tick.number, 0), 119.0)
    ticks.next(120.0)
    too_late = ticks.round_trip(Echo(tick.number, 0), 120.0)

    assert (just_in_time, too_late) == (119.0, None)


@given(offset_s=st.floats(-86_400, 86_400), way_s=st.floats(0, 2), sent=st.floats(0, 2e9))
def test_an_offset_is_exact_where_ways_are_equal(
    offset_s: float, way_s: float, sent: float
) -> None:
    heard = sent + way_s

    measured_s = clock_offset(sent + offset_s, heard, 2 * way_s)

    assert measured_s == pytest.approx(offset_s, abs=1e-5)


@pytest.mark.parametrize(
    ("now", "wait_s"),
    [(100.0, 1.0), (100.25, 0.75), (101.75, 0.25), (107.5, 0.5), (101.96875, 1.03125)],
)
def test_ticks_keep_their_phase_after_a_late_one(now: float, wait_s: float) -> None:
    assert until_next_s(100.0, now) == pytest.approx(wait_s)


def test_ticks_do_not_drift_by_their_own_time() -> None:
    now = start = 50.125

    for _ in range(1_000):
        now += until_next_s(start, now) + 0.0013

    assert now == pytest.approx(start + 1_000, abs=0.002)
