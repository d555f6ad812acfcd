"""Every message counts once, in whatever order and however often it comes."""

from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.ledger import BOOTS_MAX, RANGES_MAX, Heard, Ledger


@given(st.lists(st.integers(0, 60)))
def test_a_number_is_new_once_whatever_the_order(numbers: list[int]) -> None:
    heard, seen = Heard(), set[int]()

    for number in numbers:
        assert heard.add(number) == (number not in seen)
        seen.add(number)

    assert heard.count == len(seen)
    assert heard.missing == (max(seen) - min(seen) + 1 - len(seen) if seen else 0)
    assert [number for number in range(62) if number in heard] == sorted(seen)


def test_a_hostile_numbering_costs_bounded_memory() -> None:
    heard = Heard()

    for number in range(0, 4 * RANGES_MAX, 2):
        heard.add(number)

    assert heard.count == 2 * RANGES_MAX
    assert heard.missing == 2 * RANGES_MAX - 1
    assert not heard.add(1)  # given up


def test_a_new_boot_begins_a_new_numbering() -> None:
    ledger = Ledger()
    ledger.add("a", "first", "vitals", 0)

    assert ledger.add("a", "second", "vitals", 0)
    assert not ledger.add("a", "first", "vitals", 0)
    assert ledger.heard("a", "vitals") == 2
    assert ledger.repeats == 1


def test_boots_without_end_cost_bounded_memory() -> None:
    ledger = Ledger()

    for boot in range(BOOTS_MAX + 5):
        ledger.add("a", str(boot), "vitals", 0)

    assert ledger.heard("a", "vitals") == BOOTS_MAX


def test_what_a_backlog_fills_is_no_longer_missing() -> None:
    ledger = Ledger()
    for number in (0, 1, 5):
        ledger.add("a", "boot", "vitals", number)

    missing_before = ledger.missing("a", "vitals")
    for number in (2, 3, 4):
        ledger.add("a", "boot", "vitals", number)

    assert missing_before == 3
    assert ledger.missing("a", "vitals") == 0
