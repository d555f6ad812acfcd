"""How late beats come, counted by buckets, and how near they were to an alarm."""

import pytest

from aggregator.core.lateness import LATENESS_BUCKETS_S, Lateness
from tests.aggregator.scene import INTERVAL_S, MARGIN_S, Scene


def bucket_of(late_s: float) -> int:
    lateness = Lateness()

    lateness.observe(late_s, margin_s=100.0)

    assert sum(lateness.counts) == 1
    return lateness.counts.index(1)


@pytest.mark.parametrize(("number", "upper_s"), list(enumerate(LATENESS_BUCKETS_S)))
def test_a_bucket_holds_what_came_up_to_its_bound(number: int, upper_s: float) -> None:
    assert bucket_of(upper_s) == number
    assert bucket_of(upper_s + 0.001) == number + 1


@pytest.mark.parametrize("early_s", [0.0, -0.5, -1e9])
def test_a_beat_that_comes_early_or_on_time_is_in_the_first_bucket(early_s: float) -> None:
    assert bucket_of(early_s) == 0


def test_only_lateness_adds_up() -> None:
    lateness = Lateness()

    for late_s in (-5.0, 0.05, 0.5, 1.25):
        lateness.observe(late_s, margin_s=1.75)

    assert lateness.total_s == 1.75


@pytest.mark.parametrize(
    ("late_s", "near_misses"), [(1.5, 0), (1.501, 1), (1.999, 1), (2.5, 1), (0.1, 0)]
)
def test_the_last_quarter_of_the_margin_is_a_near_miss(late_s: float, near_misses: int) -> None:
    lateness = Lateness()

    lateness.observe(late_s, margin_s=2.0)

    assert lateness.near_misses == near_misses


def test_beats_are_counted_at_their_venue_against_when_they_were_expected() -> None:
    scene = Scene("alpha", "beta")
    scene.bring_up()

    scene.beat(INTERVAL_S + 0.5, 1, "alpha")
    scene.beat(INTERVAL_S + MARGIN_S - 0.125, 1, "beta")

    assert scene.venue.lateness.total_s == 0.5 + MARGIN_S - 0.125
    assert scene.venue.lateness.near_misses == 1


def test_the_first_beat_of_a_boot_and_of_a_host_that_was_down_are_late_for_nothing() -> None:
    scene = Scene("alpha", "beta")
    scene.bring_up()

    scene.beat(2.5, 0, "alpha", boot="b")
    scene.detector.advance(20.0)
    scene.beat(20.0, 20, "beta")

    assert sum(scene.venue.lateness.counts) == 0


def test_what_was_credited_is_no_lateness() -> None:
    scene = Scene()
    scene.bring_up()

    scene.detector.stalled(0.5, 5.5)
    scene.beat(6.0, 1)

    assert scene.venue.lateness.total_s == 0.0
