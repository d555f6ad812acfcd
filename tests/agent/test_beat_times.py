"""The times of a host's beats, and how they move."""

import pytest

from agent.beat_times import BeatTimes, lead_of

ROUND_TRIP_S = 0.6


def heard(beats: BeatTimes, ticks: int) -> None:
    beats.session_began()
    for number in range(ticks):
        beats.hear_tick(100.0 + number)


def waiting(*, since: float) -> BeatTimes:
    beats = BeatTimes(10.0, 1.0, host="STA-1")
    number = beats.take(10.0)
    assert number == 0
    beats.put_off(number, since)
    return beats


def gap_s(beats: BeatTimes) -> float:
    return (100.0 - ROUND_TRIP_S - beats.next_at) % 1.0


def test_a_host_far_away_moves_its_beats_before_the_tick_once() -> None:
    beats = BeatTimes(109.6, 1.0, host="TAH-1")
    heard(beats, 8)
    numbers, moves_s = [beats.take(109.6)], []

    for _ in range(5):
        moves_s.append(beats.follow_ticks(ROUND_TRIP_S))
        numbers.append(beats.take(beats.next_at))

    assert gap_s(beats) == pytest.approx(lead_of("TAH-1"))
    assert numbers == [0, 1, 2, 3, 4, 5]
    assert moves_s == [pytest.approx((lead_of("TAH-1") - 0.8) % 1.0), 0.0, 0.0, 0.0, 0.0]


def test_a_new_session_moves_nothing_before_it_has_heard_ticks_of_its_own() -> None:
    beats = BeatTimes(109.6, 1.0, host="TAH-1")
    heard(beats, 8)
    beats.take(109.6)

    beats.session_began()
    beats.follow_ticks(ROUND_TRIP_S)

    assert beats.next_at == 110.6


def test_the_hosts_of_a_venue_do_not_all_send_at_once() -> None:
    leads = [lead_of(f"TAH-{number}") for number in range(1, 41)]

    tenths = {int((lead - 0.10) / 0.02) for lead in leads}

    assert all(0.10 <= lead <= 0.30 for lead in leads)
    assert len(tenths) >= 9


def test_a_host_has_the_same_lead_in_every_run() -> None:
    assert lead_of("TAH-1") == pytest.approx(0.130774, abs=1e-6)


def test_a_beat_that_has_to_wait_is_looked_at_again_soon_and_often() -> None:
    beats = waiting(since=10.0)
    next_at = beats.next_at
    taken = [beats.take(10.05), beats.take(10.125)]

    assert next_at == pytest.approx(10.1)
    assert taken == [None, 0]
    assert beats.next_at == 11.0


def test_a_beat_that_waits_until_the_next_is_due_is_not_wanted_any_more() -> None:
    beats = waiting(since=10.95)

    taken = [beats.take(11.0), beats.take(11.25)]

    assert taken == [1, None]


def test_a_beat_that_waited_is_not_sent_in_the_next_session() -> None:
    beats = waiting(since=10.0)

    beats.session_began()

    assert beats.take(10.5) is None
    assert beats.next_at == 11.0
