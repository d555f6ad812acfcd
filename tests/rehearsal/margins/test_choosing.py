"""The statistics: what so few events allow to be said, and which margin follows from them."""

import pytest

from venuewatch.rehearsal.margins.choosing import (
    Survey,
    alarms_at,
    joined,
    least_margin,
    upper_bound,
)
from venuewatch.rehearsal.margins.kills import summary


@pytest.mark.parametrize(
    ("seen", "bound"),
    [(0, 2.996), (1, 4.744), (2, 6.296), (5, 10.513), (10, 16.962), (100, 118.08)],
)
def test_the_upper_bound_is_that_of_the_tables(seen: int, bound: float) -> None:
    assert upper_bound(seen) == pytest.approx(bound, abs=0.005)


def test_a_bound_on_a_million_events_is_found_too() -> None:
    assert upper_bound(1_000_000) == pytest.approx(1_001_646, rel=1e-5)


def test_fewer_than_no_events_is_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="counted from 0"):
        upper_bound(-1)


def test_a_silence_alarms_from_the_tenth_that_it_outlasts() -> None:
    by_tenth = {18: 3, 19: 2, 25: 1}

    counts = [alarms_at(by_tenth, margin_s) for margin_s in (1.8, 1.9, 2.0, 2.5, 2.6)]

    assert counts == [6, 3, 1, 1, 0]


def test_the_least_margin_is_the_first_whose_upper_bound_is_under_the_target() -> None:
    found = Survey(5_000.0, {18: 40, 19: 2, 25: 1})  # one in 5,000: up to 4.74 / 5 per 1,000

    assert least_margin(found) == 2.0


def test_of_too_few_host_days_no_margin_follows() -> None:
    assert least_margin(Survey(2_900.0, {18: 1})) is None
    assert least_margin(Survey(3_000.0, {18: 1})) == 1.9


def test_surveys_add_up() -> None:
    both = joined([Survey(6.0, {18: 1}), Survey(6.0, {18: 2, 20: 1})])

    assert (both.host_days, both.by_tenth) == (12.0, {18: 3, 20: 1})


def test_the_percentile_is_a_time_that_was_measured() -> None:
    detection = summary([float(time_s) for time_s in range(1, 201)])

    assert (detection.trials, detection.mean_s, detection.p99_s, detection.max_s) == (
        200, 100.5, 198.0, 200.0,
    )  # fmt: skip
    assert summary([]).mean_s is None
