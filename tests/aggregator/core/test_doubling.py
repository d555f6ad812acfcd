"""Doubling: another aggregator under our name, told from those that were there before us."""

import pytest

from aggregator.core.doubling import SAVED_S, Doubling
from venuewatch.base.wire.links import YIELD_MAX_S

OLDER, OURS, YOUNGER = "0190-a", "0191-b", "0192-c"


def begun(boot: str = OURS, *before: str) -> Doubling:
    """Return what an aggregator knows that heard ``before`` and then its own state."""
    doubling = Doubling(boot)
    doubling.opened("live")
    doubling.opened("bulk")
    for each in before:
        assert not doubling.hear_state(each, 0.0)
    assert not doubling.hear_state(boot, 0.0)
    return doubling


def test_a_process_that_was_there_before_is_no_double() -> None:
    doubling = begun(OURS, OLDER, "")

    assert not doubling.hear_state(OLDER, 1.0)
    assert not doubling.is_known


def test_one_that_speaks_after_us_is_a_double_at_once() -> None:
    doubling = begun()

    assert doubling.hear_state(YOUNGER, 5.0)
    assert (doubling.is_known, doubling.yields) == (True, False)


def test_one_from_before_us_is_a_double_once_it_speaks_again_and_again() -> None:
    doubling = begun(OURS, OLDER)

    said = [doubling.hear_state(OLDER, at) for at in (1.0, 2.0)]

    assert said == [False, True]
    assert doubling.yields


def test_a_broker_that_crashed_lately_says_old_states_only_for_a_while() -> None:
    doubling = begun(OURS, OLDER)

    assert doubling.hear_state(OLDER, SAVED_S)


@pytest.mark.parametrize(
    ("boot", "other", "yields"),
    [(OURS, OLDER, True), (OURS, YOUNGER, False), (OURS, "", True)],
)
def test_the_younger_of_two_yields(boot: str, other: str, *, yields: bool) -> None:
    doubling = begun(boot)
    doubling.hear_state(other, 1.0)

    assert doubling.yields is yields


def test_a_takeover_by_an_unknown_one_leaves_open_who_yields() -> None:
    doubling = begun()

    doubling.taken_over(1.0)

    assert (doubling.is_known, doubling.yields) == (True, None)


@pytest.mark.parametrize(("openings", "is_double"), [(1, False), (2, True)])
def test_the_canary_of_another_name_counts_after_bulk_was_lost(
    openings: int, *, is_double: bool
) -> None:
    doubling = begun()
    for _ in range(openings - 1):
        doubling.opened("bulk")

    assert doubling.hear_canary(OLDER, 1.0, is_ours=False) is is_double
    assert doubling.is_known is is_double


def test_the_canary_of_our_name_and_another_boot_counts_at_once() -> None:
    doubling = begun()

    assert doubling.hear_canary(OLDER, 1.0, is_ours=True)


def test_waits_double_with_each_spell_up_to_ten_minutes() -> None:
    doubling, waits, at = begun(), [], 0.0
    for _ in range(6):
        doubling.hear_state(OLDER, at)
        doubling.hear_state(OLDER, at + 1.0)  # of the same spell
        waits.append(doubling.wait_s)
        at += doubling.wait_s

    assert waits == [60.0, 120.0, 240.0, 480.0, YIELD_MAX_S, YIELD_MAX_S]


def test_it_is_over_only_after_the_other_one_could_have_come_again() -> None:
    doubling = begun()
    doubling.hear_state(OLDER, 10.0)

    assert doubling.ends_at > 10.0 + doubling.wait_s
    doubling.end()
    assert not doubling.is_known
