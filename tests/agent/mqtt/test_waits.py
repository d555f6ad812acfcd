"""Waits before an agent connects again: brief sessions, twins, and the command to make way."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.mqtt.waits import Waits
from venuewatch.base.wire.links import BRIEF_S, RECONNECT_MAX_S, TWIN_S, YIELD_MAX_S, YIELD_S

MAX_S = RECONNECT_MAX_S


def waits(seed: int = 1) -> Waits:
    return Waits(random.Random(seed), max_s=MAX_S)


def after(lasted: Waits, now: float, lasted_s: float) -> float:
    lasted.opened(now)
    return lasted.after_end(now + lasted_s)


@given(
    st.lists(
        st.tuples(
            st.floats(0.0, 1_000.0), st.sampled_from(["opened", "refused", "twin"]), st.booleans()
        ),
        max_size=60,
    ),
    st.floats(0.1, 60.0),
    st.integers(),
)
def test_agent_without_the_command_never_waits_longer_than_its_own_limit(
    said: list[tuple[float, str, bool]], max_s: float, seed: int
) -> None:
    lasted, now = Waits(random.Random(seed), max_s=max_s), 0.0

    for passed_s, what, is_told in said:
        if what == "opened":
            lasted.opened(now)
        elif what == "twin":
            lasted.note_twin(now)
        now += passed_s
        assert 0.0 <= lasted.after_end(now, was_taken_over=is_told) <= max_s
        lasted.round_over()


def test_session_that_lasted_is_followed_soon() -> None:
    found = [after(waits(seed), 0.0, BRIEF_S) for seed in range(200)]

    assert max(found) <= 1.0
    assert min(found) < 0.1


def test_brief_sessions_in_a_row_are_followed_later_and_later() -> None:
    lasted, bounds = waits(), [(1.0, 2.0), (2.0, 4.0), (4.0, 8.0), (5.0, 10.0), (5.0, 10.0)]

    for number, (least_s, most_s) in enumerate(bounds):
        assert least_s <= after(lasted, 100.0 * number, BRIEF_S - 0.1) <= most_s

    assert after(lasted, 1_000.0, BRIEF_S) <= 1.0
    assert after(lasted, 2_000.0, 0.0) <= 2.0


def test_session_that_was_taken_over_counts_as_brief_however_long_it_lasted() -> None:
    lasted = waits()
    lasted.opened(0.0)

    assert 1.0 <= lasted.after_end(1_000.0, was_taken_over=True) <= 2.0


def test_agent_that_has_a_twin_leaves_it_the_time_to_be_told() -> None:
    lasted = waits()
    lasted.note_twin(0.0)

    assert after(lasted, 0.0, TWIN_S - 1.0) >= 1.0
    assert after(lasted, TWIN_S, 60.0) <= 1.0


def test_agent_that_makes_way_again_and_again_waits_up_to_ten_minutes() -> None:
    lasted, found = waits(), []

    for number in range(6):
        lasted.opened(1_000.0 * number)
        found.append(lasted.after_yield(1_000.0 * number + 1.0))

    assert found == [60.0, 120.0, 240.0, 480.0, YIELD_MAX_S, YIELD_MAX_S]


def test_command_that_came_too_late_for_its_session_counts_all_the_same() -> None:
    lasted = waits()
    after(lasted, 0.0, 0.5)

    assert lasted.after_yield(0.6) == YIELD_S


@pytest.mark.parametrize(("lasted_s", "wait_s"), [(YIELD_S - 1.0, 120.0), (YIELD_S, 60.0)])
def test_agent_that_had_the_name_for_a_minute_begins_anew(lasted_s: float, wait_s: float) -> None:
    lasted = waits()
    lasted.after_yield(0.0)
    lasted.opened(60.0)

    assert lasted.after_yield(60.0 + lasted_s) == wait_s


def test_rounds_in_vain_are_followed_later_and_later() -> None:
    lasted = waits()

    for _ in range(9):
        lasted.round_over()
    found = [lasted.after_end(0.0) for _ in range(200)]
    lasted.opened(0.0)
    lasted.after_end(100.0)

    assert max(found) > MAX_S - 1.0
    assert lasted.after_end(101.0) <= 1.0
