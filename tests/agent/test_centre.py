"""The agent's belief about the centre."""

import pytest

from agent.centre import TICK_PATIENCE_S, Centre
from agent.credit import Credit
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import CentreState, Echo, Tick

ONLINE, OFFLINE = CentreState("online"), CentreState("offline")
A, B = topics.centre_tick("a"), topics.centre_tick("b")


def echoed(centre: Centre, now: float) -> list[int]:
    return [echo.number for echo in centre.echoes(now)]


@pytest.fixture
def heard() -> Centre:
    centre = Centre(Credit("boot"))
    centre.session_began(0.0)
    centre.hear_tick(A, Tick(number=1, mono_ms=1), 1.0)
    return centre


def test_a_tick_is_echoed_once_with_how_long_it_was_held() -> None:
    centre = Centre(Credit("boot"))
    centre.session_began(0.0)
    centre.hear_tick(A, Tick(number=7, mono_ms=1), 10.0)

    assert centre.echoes(10.25) == (Echo(number=7, held_ms=250),)
    assert centre.echoes(10.5) == ()


def test_first_tick_of_each_session_is_told() -> None:
    centre = Centre(Credit("boot"))
    told = []

    for _ in range(2):
        centre.session_began(0.0)
        told += [centre.hear_tick(A, Tick(number, 1), 1.0 + number) for number in range(2)]

    assert told == [True, False, True, False]


def test_somebody_listens_while_ticks_come() -> None:
    centre = Centre(Credit("boot"))
    centre.session_began(0.0)

    before = centre.is_listening(0.5)
    centre.hear_tick(A, Tick(number=1, mono_ms=1), 1.0)

    assert not before
    assert centre.is_listening(1.0 + TICK_PATIENCE_S)
    assert not centre.is_listening(1.1 + TICK_PATIENCE_S)


def test_an_aggregator_that_says_it_is_away_is_believed(heard: Centre) -> None:
    heard.hear_state("a", OFFLINE, 1.0)

    assert not heard.is_listening(1.1)


def test_one_aggregator_of_two_is_enough(heard: Centre) -> None:
    heard.hear_state("a", OFFLINE, 1.0)
    heard.hear_state("b", ONLINE, 1.0)

    assert heard.is_listening(1.1)


def test_a_broker_that_accepts_and_does_not_deliver_is_noticed() -> None:
    centre = Centre(Credit("boot"))

    centre.session_began(10.0)

    assert not centre.is_silent(10.0 + TICK_PATIENCE_S)
    assert centre.is_silent(10.1 + TICK_PATIENCE_S)


def test_a_new_session_believes_nothing_that_an_old_one_heard(heard: Centre) -> None:
    heard.session_began(1.5)

    assert heard.echoes(1.6) == ()
    assert not heard.is_listening(1.6)


def test_the_last_tick_of_each_aggregator_is_echoed(heard: Centre) -> None:
    heard.hear_tick(A, Tick(number=2, mono_ms=1), 2.0)
    heard.hear_tick(B, Tick(number=900, mono_ms=1), 2.5)

    assert heard.echoes(2.75) == (Echo(2, 750), Echo(900, 250))
    heard.hear_tick(B, Tick(number=901, mono_ms=1), 3.5)
    assert heard.echoes(3.75) == (Echo(901, 250),)


def test_the_plain_tick_is_echoed_first(heard: Centre) -> None:
    heard.hear_tick(topics.TICK, Tick(number=900, mono_ms=1), 1.5)

    assert echoed(heard, 2.0) == [900, 1]


def test_a_tick_said_twice_is_echoed_once(heard: Centre) -> None:
    heard.hear_tick(topics.TICK, Tick(number=1, mono_ms=1), 1.0)

    assert echoed(heard, 1.5) == [1]


def test_a_fifth_aggregator_is_not_echoed(heard: Centre) -> None:
    for number in range(100):
        heard.hear_tick(topics.centre_tick(f"0{number}"), Tick(1000 + number, 1), 1.5)
    heard.hear_tick(A, Tick(2, 1), 2.0)

    assert echoed(heard, 2.5) == [1000, 1001, 1002, 2]


def test_an_aggregator_without_ticks_gives_up_its_place(heard: Centre) -> None:
    for number in range(3):
        heard.hear_tick(topics.centre_tick(f"0{number}"), Tick(1000 + number, 1), 1.5)

    heard.hear_tick(B, Tick(7, 1), 1.1 + TICK_PATIENCE_S)

    assert echoed(heard, 5.0) == [1000, 1001, 1002, 7]


def test_states_without_end_are_not_all_kept(heard: Centre) -> None:
    for number in range(100):
        heard.hear_state(topics.centre_state(f"x{number}"), ONLINE, 1.0)
    for number in range(20):
        heard.hear_state(topics.centre_state(f"x{number}"), OFFLINE, 1.0)

    assert not heard.is_listening(1.1)


def test_states_of_many_that_are_gone_hide_nobody(heard: Centre) -> None:
    for number in range(100):
        heard.hear_state(topics.centre_state(f"x{number}"), OFFLINE, 1.0)

    heard.hear_state(topics.centre_state("a"), ONLINE, 1.0)

    assert heard.is_listening(1.1)
