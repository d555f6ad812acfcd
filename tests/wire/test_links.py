"""Tests of the wait before the next attempt to connect."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venuewatch.base.wire.links import (
    BRIEF_S,
    RECONNECT_MAX_S,
    brief_in_a_row,
    longest_wait_s,
    wait_after_brief,
    wait_before,
    yield_wait_s,
)


class Highest(random.Random):
    """A source of chance that always gives the most, so that the ceiling shows."""

    def random(self) -> float:
        return 1.0


@given(st.integers(0, 10**9), st.floats(0.1, 86_400), st.randoms(use_true_random=False))
def test_a_wait_is_never_negative_and_never_over_its_ceiling(
    attempt: int, max_s: float, rng: random.Random
) -> None:
    assert 0.0 <= wait_before(attempt, rng, max_s=max_s) <= max_s


def test_the_ceiling_doubles_with_each_attempt_up_to_the_most() -> None:
    ceilings = [wait_before(attempt, Highest()) for attempt in range(7)]

    assert ceilings == [1.0, 2.0, 4.0, 8.0, RECONNECT_MAX_S, RECONNECT_MAX_S, RECONNECT_MAX_S]


def test_a_ceiling_under_a_second_holds_from_the_first_wait_on() -> None:
    assert [wait_before(attempt, Highest(), max_s=0.5) for attempt in (0, 1, 9)] == [0.5] * 3


@pytest.mark.parametrize("attempt", [1_000, 10**6, 10**100])
def test_no_number_of_attempts_is_too_many(attempt: int) -> None:
    assert wait_before(attempt, Highest()) == RECONNECT_MAX_S


def test_waits_are_spread_over_the_whole_range() -> None:
    rng = random.Random(8039)

    waits = sorted(wait_before(9, rng) for _ in range(1_000))

    assert waits[0] < 0.1
    assert waits[-1] > 9.9
    assert 4.0 < waits[500] < 6.0


def test_attempts_are_counted_from_zero() -> None:
    with pytest.raises(ValueError, match="counted from 0"):
        wait_before(-1, random.Random(0))


@given(st.integers(1, 10**9), st.floats(0.1, 86_400), st.randoms(use_true_random=False))
def test_a_wait_after_a_brief_connection_is_never_near_zero_nor_over_its_limit(
    times: int, max_s: float, rng: random.Random
) -> None:
    assert min(1.0, max_s / 2) <= wait_after_brief(times, rng, max_s=max_s) <= max_s


def test_brief_connections_in_a_row_are_followed_later_and_later() -> None:
    most = [wait_after_brief(times, Highest()) for times in range(1, 7)]

    assert most == [2.0, 4.0, 8.0, RECONNECT_MAX_S, RECONNECT_MAX_S, RECONNECT_MAX_S]


def test_the_one_that_makes_way_waits_a_minute_and_ten_at_most() -> None:
    waits = [yield_wait_s(times) for times in (1, 2, 3, 4, 5, 6, 10**9)]

    assert waits == [60.0, 120.0, 240.0, 480.0, 600.0, 600.0, 600.0]


def test_brief_connections_and_ways_made_are_counted_from_one() -> None:
    with pytest.raises(ValueError, match="counted from 1"):
        wait_after_brief(0, random.Random(0))
    with pytest.raises(ValueError, match="counted from 1"):
        yield_wait_s(0)


def test_connections_in_a_row_are_brief_until_one_lasts() -> None:
    assert brief_in_a_row(3, BRIEF_S - 0.001) == 4
    assert brief_in_a_row(3, BRIEF_S) == 0


@given(st.integers(1, 10**9), st.floats(0.1, 86_400))
def test_longest_wait_is_the_end_of_what_either_wait_is_chosen_from(
    times: int, max_s: float
) -> None:
    longest_s = longest_wait_s(times, max_s=max_s)

    assert wait_before(times, Highest(), max_s=max_s) == longest_s
    assert wait_after_brief(times, Highest(), max_s=max_s) == longest_s
