"""Margins: how long a will is held, and how near beats came to an alarm."""

import pytest

from aggregator.core.expectation import will_hold
from aggregator.core.margins import LATENESS_BUCKETS_S, Lateness
from tests.kit.machine import INTERVAL_S, MARGIN_S
from tests.kit.story import Story


@pytest.fixture
def pair() -> Story:
    """One venue with alpha and beta, which beat at 0."""
    pair = Story({"STA": ("alpha", "beta")})
    pair.begin()
    return pair


@pytest.mark.parametrize(
    ("round_trip_s", "hold_s"), [(None, 0.2), (0.0, 0.2), (0.1, 0.2), (0.15, 0.3), (0.6, 2.6)]
)
def test_a_will_is_held_longer_on_a_long_way(round_trip_s: float | None, hold_s: float) -> None:
    assert will_hold(round_trip_s) == pytest.approx(hold_s)


def bucket_of(late_s: float) -> int:
    lateness = Lateness()

    lateness.observe(late_s, margin_s=100.0)

    assert sum(lateness.counts) == 1
    return lateness.counts.index(1)


@pytest.mark.parametrize(("number", "upper_s"), list(enumerate(LATENESS_BUCKETS_S)))
def test_a_bucket_holds_lateness_up_to_its_bound(number: int, upper_s: float) -> None:
    assert bucket_of(upper_s) == number
    assert bucket_of(upper_s + 0.001) == number + 1
    assert bucket_of(-upper_s) == 0  # an early beat


def test_only_lateness_adds_up() -> None:
    lateness = Lateness()

    for late_s in (-5.0, 0.05, 0.5, 1.25):
        lateness.observe(late_s, margin_s=1.75)

    assert lateness.total_s == 1.75


@pytest.mark.parametrize(
    ("late_s", "near_misses"), [(1.5, 0), (1.501, 1), (1.999, 1), (2.5, 1), (0.1, 0)]
)
def test_the_last_quarter_of_a_margin_is_near(late_s: float, near_misses: int) -> None:
    lateness = Lateness()

    lateness.observe(late_s, margin_s=2.0)

    assert lateness.near_misses == near_misses


def test_lateness_is_counted_at_the_venue(pair: Story) -> None:
    pair.beat(INTERVAL_S + 0.5, 1, "alpha")
    pair.beat(INTERVAL_S + MARGIN_S - 0.125, 1, "beta")

    lateness = pair.centre.fleet.venues["STA"].lateness
    assert lateness.total_s == 0.5 + MARGIN_S - 0.125
    assert lateness.near_misses == 1


def test_first_beats_after_boot_or_fall_are_not_late(pair: Story) -> None:
    pair.beat(2.5, 0, "alpha", boot="b")
    pair.beat(20.0, 20, "beta")

    assert sum(pair.centre.fleet.venues["STA"].lateness.counts) == 0


def test_credited_time_is_no_lateness(pair: Story) -> None:
    pair.centre.stalled(5.5, 0.5)
    pair.now = 5.5
    pair.beat(6.0, 1)

    assert pair.centre.fleet.venues["STA"].lateness.total_s == 0.0
