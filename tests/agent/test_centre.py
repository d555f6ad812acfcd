"""The agent's belief about the centre."""

import pytest

from agent.centre import TICK_PATIENCE_S, Centre
from venuewatch.base.wire.messages import Echo, Tick


@pytest.fixture
def heard() -> Centre:
    centre = Centre()
    centre.session_began(0.0)
    centre.hear_tick(Tick(number=1, mono_ms=1), 1.0)
    return centre


def test_a_tick_is_echoed_once_with_how_long_it_was_held() -> None:
    centre = Centre()
    centre.session_began(0.0)
    centre.hear_tick(Tick(number=7, mono_ms=1), 10.0)

    assert centre.echo(10.25) == Echo(number=7, held_ms=250)
    assert centre.echo(10.5) is None


def test_somebody_listens_while_ticks_come() -> None:
    centre = Centre()
    centre.session_began(0.0)

    before = centre.is_listening(0.5)
    centre.hear_tick(Tick(number=1, mono_ms=1), 1.0)

    assert not before
    assert centre.is_listening(1.0 + TICK_PATIENCE_S)
    assert not centre.is_listening(1.1 + TICK_PATIENCE_S)


def test_an_aggregator_that_says_it_is_away_is_believed(heard: Centre) -> None:
    heard.hear_state("a", "offline")

    assert not heard.is_listening(1.1)


def test_one_aggregator_of_two_is_enough(heard: Centre) -> None:
    heard.hear_state("a", "offline")
    heard.hear_state("b", "online")

    assert heard.is_listening(1.1)


def test_a_broker_that_accepts_and_does_not_deliver_is_noticed() -> None:
    centre = Centre()

    centre.session_began(10.0)

    assert not centre.is_silent(10.0 + TICK_PATIENCE_S)
    assert centre.is_silent(10.1 + TICK_PATIENCE_S)


def test_a_new_session_believes_nothing_that_an_old_one_heard(heard: Centre) -> None:
    heard.session_began(1.5)

    assert heard.echo(1.6) is None
    assert not heard.is_listening(1.6)
