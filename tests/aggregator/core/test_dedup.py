"""Deduplication: every message counts once, in whatever order and however often it comes."""

from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.dedup import BOOTS_MAX, RANGES_MAX, Dedup, Heard


@given(st.lists(st.integers(0, 60)))
def test_number_is_new_once_in_any_order_and_after_restoration(numbers: list[int]) -> None:
    heard, seen = Heard(), set[int]()

    for number in numbers:
        assert heard.add(number) == (number not in seen)
        seen.add(number)

    for known in (heard, Heard(heard.ranges)):
        assert known.count == len(seen)
        assert known.missing == (max(seen) - min(seen) + 1 - len(seen) if seen else 0)
        assert [number for number in range(62) if number in known] == sorted(seen)


def test_a_hostile_numbering_costs_bounded_memory() -> None:
    heard = Heard()

    for number in range(0, 4 * RANGES_MAX, 2):
        heard.add(number)

    assert heard.count == 2 * RANGES_MAX
    assert heard.missing == 2 * RANGES_MAX - 1
    assert not heard.add(1)  # given up


def test_new_boot_begins_a_new_numbering() -> None:
    dedup = Dedup()
    dedup.add("a", "first", "vitals", 0)

    assert dedup.add("a", "second", "vitals", 0)
    assert not dedup.add("a", "first", "vitals", 0)
    assert dedup.heard("a", "vitals") == 2
    assert dedup.repeats == 1


def test_endless_boots_cost_bounded_memory() -> None:
    dedup = Dedup()

    for boot in range(BOOTS_MAX + 5):
        dedup.add("a", str(boot), "vitals", 0)

    assert dedup.heard("a", "vitals") == BOOTS_MAX
