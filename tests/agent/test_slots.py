"""Slots: what is due and when, whatever the loop was doing meanwhile."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.slots import Slots

starts = st.floats(0.0, 1e8)
periods = st.floats(0.1, 86_400)
waits = st.lists(st.floats(0.0, 10.0), max_size=50)


@given(starts, periods, waits)
def test_slots_are_taken_when_due_each_once_and_in_phase(
    start: float, every_s: float, periods_waited: list[float]
) -> None:
    slots, now, before = Slots(start, every_s), start, -1
    for periods_later in [-0.5, 0.5, *periods_waited]:
        now += periods_later * every_s
        is_due = now >= slots.next_at

        number = slots.take(now)

        assert (number is not None) is is_due
        begun_at = start + slots.taken * every_s
        assert begun_at <= now or math.isclose(now, begun_at, rel_tol=1e-12)
        assert now < slots.next_at or math.isclose(now, slots.next_at, rel_tol=1e-12)
        assert slots.next_at == start + (slots.taken + 1) * every_s
        assert slots.taken > before if is_due else slots.taken == before
        before = slots.taken


@pytest.mark.parametrize("every_s", [0.0, -1.0, math.nan])
def test_slots_must_be_apart(every_s: float) -> None:
    with pytest.raises(ValueError, match="must be apart"):
        Slots(0.0, every_s)


@given(starts, periods, waits, st.lists(st.floats(0.0, 0.99), max_size=50))
def test_a_rhythm_that_is_moved_leaves_out_no_number_and_comes_earlier_by_just_that(
    start: float, every_s: float, periods_waited: list[float], shares: list[float]
) -> None:
    slots, now = Slots(start, every_s), start
    for periods_later, share in zip(periods_waited, shares, strict=False):
        now += periods_later * every_s
        slots.take(now)
        number, next_at = slots.taken, slots.next_at

        slots.advance_by(share * every_s)

        assert slots.next_at == pytest.approx(next_at - share * every_s)
        assert slots.next_at <= next_at
        assert slots.take(max(now, slots.next_at)) == number + 1
        now = max(now, slots.next_at)


def test_a_moved_rhythm_keeps_its_interval_and_counts_what_is_due() -> None:
    slots = Slots(100.0, 1.0)
    slots.take(100.0)

    slots.advance_by(0.75)

    assert slots.next_at == 100.25
    assert slots.take(100.25) == 1
    assert slots.take(101.0) is None
    assert slots.take(101.25) == 2
    assert slots.take(104.5) == 5


@pytest.mark.parametrize("earlier_s", [-0.001, 2.001, math.nan])
def test_a_rhythm_comes_no_later_and_at_most_one_interval_earlier(earlier_s: float) -> None:
    slots = Slots(100.0, 2.0)

    with pytest.raises(ValueError, match=r"expected 0 to 2\.0 s earlier"):
        slots.advance_by(earlier_s)

    assert slots.next_at == 100.0


def test_slots_that_nobody_took_are_counted() -> None:
    slots = Slots(100.0, 1.0)

    slots.take(100.0)
    slots.take(101.5)
    before = slots.skipped
    slots.take(104.5)

    assert (before, slots.skipped) == (0, 2)
