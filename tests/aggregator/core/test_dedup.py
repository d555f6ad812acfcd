"""Deduplication: every message counts once, in whatever order and however often it comes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.dedup import BOOTS_MAX, RANGES_MAX, Dedup, Heard


@pytest.fixture
def dedup() -> Dedup:
    return Dedup()


@given(st.lists(st.integers(0, 60)))
def test_a_number_is_new_once_in_any_order(numbers: list[int]) -> None:
    heard, seen = Heard(), set[int]()

    for number in numbers:
        assert heard.add(number) == (number not in seen)
        seen.add(number)

    assert heard.count == len(seen)
    assert heard.missing == (max(seen) - min(seen) + 1 - len(seen) if seen else 0)
    assert [number for number in range(62) if number in heard] == sorted(seen)


@given(st.lists(st.integers(0, 60)))
def test_ranges_restore_what_was_heard(numbers: list[int]) -> None:
    heard = Heard()
    for number in numbers:
        heard.add(number)

    restored = Heard(heard.ranges)

    assert (restored.count, restored.missing) == (heard.count, heard.missing)
    assert restored.ranges == heard.ranges


def test_a_hostile_numbering_costs_bounded_memory() -> None:
    heard = Heard()

    for number in range(0, 4 * RANGES_MAX, 2):
        heard.add(number)

    assert heard.count == 2 * RANGES_MAX
    assert heard.missing == 2 * RANGES_MAX - 1
    assert not heard.add(1)  # given up


def test_a_new_boot_begins_a_new_numbering(dedup: Dedup) -> None:
    dedup.add("a", "first", "vitals", 0)

    assert dedup.add("a", "second", "vitals", 0)
    assert not dedup.add("a", "first", "vitals", 0)
    assert dedup.heard("a", "vitals") == 2
    assert dedup.repeats == 1


def test_endless_boots_cost_bounded_memory(dedup: Dedup) -> None:
    for boot in range(BOOTS_MAX + 5):
        dedup.add("a", str(boot), "vitals", 0)

    assert dedup.heard("a", "vitals") == BOOTS_MAX


def test_changed_numberings_are_handed_over_once(dedup: Dedup) -> None:
    dedup.add("a", "boot", "vitals", 1)
    dedup.add("a", "boot", "vitals", 2)
    changed = dedup.changed()
    dedup.add("a", "boot", "vitals", 2)

    assert changed == [("a", "vitals", "boot", [(1, 2)])]
    assert dedup.changed() == []
