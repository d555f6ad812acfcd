"""The rhythm of a host's beats, and what is said when it moves."""

import logging

import pytest

from agent.rhythm import Rhythm, lead_of

ROUND_TRIP_S = 0.6


def heard(rhythm: Rhythm, ticks: int) -> None:
    rhythm.session_began()
    for number in range(ticks):
        rhythm.hear_tick(100.0 + number)


def gap_s(rhythm: Rhythm) -> float:
    return (100.0 - ROUND_TRIP_S - rhythm.next_at) % 1.0


def test_a_host_far_away_moves_its_beats_before_the_tick_once_and_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rhythm = Rhythm(109.6, 1.0, host="TAH-1")
    heard(rhythm, 8)
    numbers = [rhythm.take(109.6)]

    with caplog.at_level(logging.INFO, "agent"):
        for _ in range(5):
            rhythm.follow_ticks(ROUND_TRIP_S)
            numbers.append(rhythm.take(rhythm.next_at))

    assert gap_s(rhythm) == pytest.approx(lead_of("TAH-1"))
    assert numbers == [0, 1, 2, 3, 4, 5]
    (record,) = caplog.records
    assert record.getMessage() == "beats_moved"
    assert record.__dict__["venuewatch_fields"] == {
        "early_s": round((lead_of("TAH-1") - 0.8) % 1.0, 3),
        "round_trip_s": 0.6,
    }


@pytest.mark.parametrize("round_trip_s", [None, 0.02])
def test_a_host_nearby_keeps_its_rhythm(round_trip_s: float | None) -> None:
    rhythm = Rhythm(109.6, 1.0, host="STA-1")
    heard(rhythm, 8)
    rhythm.take(109.6)

    rhythm.follow_ticks(round_trip_s)

    assert rhythm.next_at == 110.6


def test_a_new_session_moves_nothing_before_it_has_heard_ticks_of_its_own() -> None:
    rhythm = Rhythm(109.6, 1.0, host="TAH-1")
    heard(rhythm, 8)
    rhythm.take(109.6)

    rhythm.session_began()
    rhythm.follow_ticks(ROUND_TRIP_S)

    assert rhythm.next_at == 110.6


def test_the_hosts_of_a_venue_do_not_all_send_at_once() -> None:
    leads = [lead_of(f"TAH-{number}") for number in range(1, 41)]

    tenths = {int((lead - 0.10) / 0.02) for lead in leads}

    assert all(0.10 <= lead <= 0.30 for lead in leads)
    assert len(tenths) >= 9


def test_a_host_has_the_same_lead_in_every_run() -> None:
    assert lead_of("TAH-1") == pytest.approx(0.130774, abs=1e-6)


def test_a_beat_that_has_to_wait_is_looked_at_again_soon_and_often() -> None:
    rhythm = Rhythm(10.0, 1.0, host="STA-1")
    number = rhythm.take(10.0)
    assert number == 0

    rhythm.put_off(number, 10.0)
    next_at = rhythm.next_at
    taken = [rhythm.take(10.05), rhythm.take(10.125)]

    assert next_at == pytest.approx(10.1)
    assert taken == [None, 0]
    assert rhythm.next_at == 11.0


def test_a_beat_that_waits_until_the_next_is_due_is_not_wanted_any_more() -> None:
    rhythm = Rhythm(10.0, 1.0, host="STA-1")
    number = rhythm.take(10.0)
    assert number == 0
    rhythm.put_off(number, 10.95)

    taken = [rhythm.take(11.0), rhythm.take(11.25)]

    assert taken == [1, None]


def test_a_beat_that_waited_is_not_sent_in_the_next_session() -> None:
    rhythm = Rhythm(10.0, 1.0, host="STA-1")
    number = rhythm.take(10.0)
    assert number == 0
    rhythm.put_off(number, 10.0)

    rhythm.session_began()

    assert rhythm.take(10.5) is None
    assert rhythm.next_at == 11.0
