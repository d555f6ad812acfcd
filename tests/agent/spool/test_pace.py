"""The backlog goes out paced, and smaller where the link is slow."""

import math

import pytest

from agent.spool.pace import LEAST_BYTES, MOST_BYTES, Pace


def deliver(pace: Pace, *, took_s: float, times: int) -> None:
    now = 0.0
    for _ in range(times):
        now = max(now, pace.next_at, 0.0)
        pace.sent(now)
        now += took_s
        pace.delivered(now)


def test_no_more_batches_a_second_than_configured() -> None:
    pace = Pace(batches_per_s=50.0)

    pace.sent(10.0)
    pace.delivered(10.001)

    assert pace.next_at == pytest.approx(10.02)


def test_a_quick_link_gets_large_batches_however_long_its_round_trip_is() -> None:
    pace = Pace()

    deliver(pace, took_s=0.6, times=10)

    assert pace.batch_bytes == MOST_BYTES


def test_a_batch_that_would_hold_up_a_beat_makes_the_next_one_smaller() -> None:
    pace = Pace()
    deliver(pace, took_s=0.02, times=10)

    deliver(pace, took_s=0.3, times=10)

    assert pace.batch_bytes == LEAST_BYTES


def test_after_an_interruption_it_begins_small() -> None:
    pace = Pace()
    deliver(pace, took_s=0.02, times=10)
    pace.sent(100.0)

    pace.interrupted()

    assert pace.batch_bytes == LEAST_BYTES
    assert pace.next_at < math.inf


def test_batch_that_is_too_large_makes_the_next_ones_smaller_for_the_whole_session() -> None:
    pace = Pace()
    deliver(pace, took_s=0.02, times=10)

    pace.sent(100.0)
    pace.too_large(9_000)
    deliver(pace, took_s=0.02, times=10)

    assert pace.batch_bytes == 4_500
    pace.interrupted()
    deliver(pace, took_s=0.02, times=10)
    assert pace.batch_bytes == MOST_BYTES


def test_refused_batch_is_followed_no_sooner_than_told() -> None:
    pace = Pace()
    pace.sent(100.0)

    pace.refused(not_before=115.0)

    assert pace.next_at == 115.0
