"""The times of a host's beats: shortly before the centre's tick, on a long way only."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.beat_times import LONG_WAY_S, BeatTimes, Lead, lead_of

LEAD_S = 0.2
ROUND_TRIP_S = 0.6
TICK_AT = 1000.0

long_ways = st.floats(0.301, 3.0)
leads = st.floats(0.1, 0.3)


def lead(*, interval_s: float = 1.0, lead_s: float = LEAD_S, ticks: int = 8) -> Lead:
    made = Lead(interval_s=interval_s, lead_s=lead_s)
    made.session_began()
    for number in range(ticks):
        made.hear_tick(TICK_AT + number)
    return made


def beat_at(gap_s: float, round_trip_s: float = ROUND_TRIP_S) -> float:
    """Return when a beat is due that arrives ``gap_s`` before a tick passes the broker."""
    return TICK_AT + 20.0 - round_trip_s - gap_s


def gap_of(at: float, round_trip_s: float) -> float:
    arrives_at, passes_at = at + round_trip_s / 2, TICK_AT - round_trip_s / 2
    return (passes_at - arrives_at) % 1.0


@given(st.floats(0.0, 1e6), long_ways, leads)
def test_moved_beats_are_followed_by_a_tick_and_are_moved_once(
    next_at: float, round_trip_s: float, lead_s: float
) -> None:
    ours = lead(lead_s=lead_s)

    early_s = ours.earlier_by_s(next_at, round_trip_s)

    assert 0.0 <= early_s < 1.0
    assert 0.05 - 1e-6 <= gap_of(next_at - early_s, round_trip_s) <= 0.35 + 1e-6
    assert ours.earlier_by_s(next_at - early_s, round_trip_s) == 0.0


@pytest.mark.parametrize("gap_s", [0.051, 0.2, 0.349])
def test_beats_that_come_well_before_the_tick_are_left_alone(gap_s: float) -> None:
    assert lead().earlier_by_s(beat_at(gap_s), ROUND_TRIP_S) == 0.0


@pytest.mark.parametrize(
    ("gap_s", "early_s"), [(0.049, 0.151), (0.351, 0.849), (0.0, 0.2), (0.999, 0.201)]
)
def test_beats_too_close_to_the_tick_or_too_far_before_it_come_earlier(
    gap_s: float, early_s: float
) -> None:
    assert lead().earlier_by_s(beat_at(gap_s), ROUND_TRIP_S) == pytest.approx(early_s)


def test_a_new_session_listens_anew() -> None:
    ours = lead()

    ours.session_began()
    for number in range(4):
        ours.hear_tick(TICK_AT + 50.3 + number)
    too_early = ours.earlier_by_s(beat_at(0.7), ROUND_TRIP_S)
    ours.hear_tick(TICK_AT + 54.3)

    assert too_early == 0.0
    assert ours.earlier_by_s(beat_at(0.7), ROUND_TRIP_S) == pytest.approx(0.2)  # gap 0.0


@pytest.mark.parametrize("round_trip_s", [None, 0.0, 0.02, LONG_WAY_S])
def test_on_a_short_or_unknown_way_the_rhythm_stays(round_trip_s: float | None) -> None:
    ours = lead()

    shifts = [ours.earlier_by_s(TICK_AT + 20.0 + at / 20, round_trip_s) for at in range(20)]

    assert set(shifts) == {0.0}


@pytest.mark.parametrize("interval_s", [0.1, 0.5, 0.998, 1.002, 1.5, 2.5])
def test_beats_that_drift_past_the_ticks_are_left_alone(interval_s: float) -> None:
    ours = lead(interval_s=interval_s)

    assert ours.earlier_by_s(beat_at(0.7), ROUND_TRIP_S) == 0.0


@pytest.mark.parametrize("interval_s", [0.9995, 1.0, 1.0005, 2.0, 10.0])
def test_any_whole_number_of_ticks_between_beats_will_do(interval_s: float) -> None:
    ours = lead(interval_s=interval_s)

    assert ours.earlier_by_s(beat_at(0.7), ROUND_TRIP_S) == pytest.approx(0.5)


@given(st.lists(st.floats(0.0, 0.87), min_size=2, max_size=2), st.permutations(range(8)))
def test_late_ticks_say_nothing_while_most_come_in_time(
    late_s: list[float], order: list[int]
) -> None:
    ours = Lead(interval_s=1.0, lead_s=LEAD_S)
    lateness = dict(zip(order, late_s, strict=False))
    heard = [TICK_AT + 0.5 + number + lateness.get(number, 0.0) for number in range(8)]
    for at in [*sorted(heard), TICK_AT + 8.5]:
        ours.hear_tick(at)

    assert ours.earlier_by_s(beat_at(0.2), ROUND_TRIP_S) == pytest.approx(0.5)  # gap 0.7


def test_ticks_on_both_sides_of_a_whole_second_are_close_together() -> None:
    ours = Lead(interval_s=1.0, lead_s=LEAD_S)
    for number, jitter_s in enumerate([0.01, -0.02, 0.0, -0.01, 0.02, -0.02, 0.01, 0.0]):
        ours.hear_tick(TICK_AT + number + jitter_s)

    assert ours.earlier_by_s(beat_at(0.7), ROUND_TRIP_S) == pytest.approx(0.52)  # gap 0.68


def test_ticks_that_a_stall_held_back_count_once() -> None:
    ours = lead(ticks=8)

    for late_s in (0.0, 0.001, 0.002, 0.003, 0.004):
        ours.hear_tick(TICK_AT + 12.4 + late_s)

    assert ours.earlier_by_s(beat_at(0.7), ROUND_TRIP_S) == pytest.approx(0.5)


def test_ticks_of_another_phase_are_followed_once_they_are_most() -> None:
    ours = lead(ticks=20)  # as after a restart of the centre

    for number in range(8):
        ours.hear_tick(TICK_AT + 20.6 + number)

    assert ours.earlier_by_s(beat_at(0.9), ROUND_TRIP_S) == pytest.approx(0.7)  # gap 0.5


@pytest.mark.parametrize("lead_s", [0.099, 0.301, math.nan])
def test_a_lead_must_leave_room_on_both_sides(lead_s: float) -> None:
    with pytest.raises(ValueError, match=r"expected a lead from 0\.1 to 0\.3 s"):
        Lead(interval_s=1.0, lead_s=lead_s)


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


def test_beats_follow_one_of_two_aggregators_and_move_once() -> None:
    ours = lead(ticks=0)
    next_at, moves = beat_at(0.7), 0
    for number in range(100):
        for at, whose in ((TICK_AT + number, "a"), (TICK_AT + number + 0.5, "b")):
            ours.hear_tick(at, whose)
            early_s = ours.earlier_by_s(next_at + number, ROUND_TRIP_S)
            moves += early_s > 0.0
            next_at -= early_s

    assert moves == 1
    assert gap_of(next_at, ROUND_TRIP_S) == pytest.approx(LEAD_S)


def test_another_aggregator_is_followed_when_ticks_are_gone() -> None:
    ours = lead()  # the last of these ticks came at 7 s
    theirs = [TICK_AT + 7.6 + number for number in range(8)]

    moves_s = []
    for at in theirs:
        ours.hear_tick(at, "b")
        moves_s.append(ours.earlier_by_s(beat_at(0.2), ROUND_TRIP_S))

    assert moves_s == [*[0.0] * 7, pytest.approx(0.4)]  # gap 0.8, after five ticks from 10.6 s on


@pytest.fixture
def beats() -> BeatTimes:
    """Return the slots of an agent that has sent its first beat in time."""
    made = BeatTimes(TICK_AT, 1.0, host="STA-1")
    made.take(TICK_AT)
    return made


@pytest.mark.parametrize(("late_s", "said_s"), [(0.0, 0.0), (0.49, 0.0), (0.5, 0.5), (7.25, 7.25)])
def test_an_agent_that_did_not_run_says_for_how_long(
    beats: BeatTimes, late_s: float, said_s: float
) -> None:
    beats.take(TICK_AT + 1.0 + late_s)

    assert beats.say_lateness() == pytest.approx(said_s)


def test_lateness_is_said_again_until_the_broker_has_it(beats: BeatTimes) -> None:
    beats.take(TICK_AT + 4.0)
    said = [beats.say_lateness()]

    beats.session_began()  # the beat went to a connection that had ended
    beats.acknowledged()
    said.append(beats.say_lateness())
    beats.acknowledged()
    said.append(beats.say_lateness())

    assert said == [3.0, 3.0, 0.0]


def test_new_lateness_is_not_taken_for_one_that_was_heard(beats: BeatTimes) -> None:
    beats.take(TICK_AT + 4.0)
    beats.say_lateness()
    beats.take(TICK_AT + 7.0)

    beats.acknowledged()

    assert beats.say_lateness() == 3.0


def test_a_beat_that_waits_for_the_line_is_not_the_agents_own_lateness(beats: BeatTimes) -> None:
    number = beats.take(TICK_AT + 1.0)
    assert number is not None
    beats.put_off(number, TICK_AT + 1.0)

    for tenths in range(1, 9):
        at = TICK_AT + 1.0 + tenths * 0.1
        again = beats.take(at + 1e-6)
        assert again is not None
        beats.put_off(again, at)

    assert beats.say_lateness() == 0.0


def test_the_time_until_the_first_beat_is_no_lateness() -> None:
    made = BeatTimes(TICK_AT, 1.0, host="STA-1")

    made.take(TICK_AT + 5.0)

    assert made.say_lateness() == 0.0
