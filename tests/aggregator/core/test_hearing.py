"""Hearing: doubt while a canary is late, blindness while none comes back, credit afterwards."""

import math

import pytest

from aggregator.core.hearing import (
    ASK_PORT_AFTER_S,
    BLIND_AFTER_S,
    CANARY_LATE_S,
    REPORT_AFTER_S,
    Hearing,
)
from aggregator.core.verdicts.centre import Blindness

ASK_AGAIN_S = 5.0


@pytest.fixture
def hearing() -> Hearing:
    """One that hears since 0."""
    hearing = Hearing()
    hearing.recover(0.0)
    return hearing


def test_hearing_is_blind_until_subscribed() -> None:
    hearing = Hearing()
    hearing.sent(1, 0.0)
    before = hearing.is_blind

    hearing.recover(0.25)

    assert (before, hearing.is_blind) == (True, False)
    assert hearing.doubt_at == math.inf
    assert hearing.came_back(1, 0.5) is None
    assert hearing.returned == 0


def test_a_canary_in_time_leaves_no_doubt(hearing: Hearing) -> None:
    hearing.sent(1, 1.0)

    doubted_since = [hearing.came_back(1, 1.25), hearing.came_back(1, 1.5)]

    assert doubted_since == [None, None]
    assert hearing.doubt_at == hearing.blind_at == math.inf
    assert (hearing.round_trip_s, hearing.returned, hearing.proof_at) == (0.25, 1, 1.25)


def test_the_oldest_canary_sets_doubt_and_blindness(hearing: Hearing) -> None:
    hearing.sent(1, 1.0)
    hearing.sent(2, 2.0)

    assert hearing.doubt_at == 1.0 + CANARY_LATE_S
    assert hearing.blind_at == 1.0 + BLIND_AFTER_S


def test_no_credit_reaches_beyond_the_canary_before(hearing: Hearing) -> None:
    hearing.sent(1, 10.0)  # nothing was sent for long, so nothing proves that we heard

    assert hearing.came_back(1, 10.75) == 9.0


def test_a_canary_back_shows_earlier_ones_are_lost(hearing: Hearing) -> None:
    hearing.sent(1, 1.0)
    hearing.sent(2, 2.0)

    hearing.came_back(2, 2.125)

    assert hearing.doubt_at == math.inf
    assert hearing.came_back(1, 2.25) is None


def test_of_two_late_canaries_the_second_is_awaited(hearing: Hearing) -> None:
    hearing.sent(1, 1.0)
    hearing.sent(2, 2.0)

    first = hearing.came_back(1, 2.75)

    assert first == 0.0
    assert hearing.doubt_at == 2.0 + CANARY_LATE_S
    assert hearing.came_back(2, 2.875) == 2.75  # from the first one's return on, and no further


def test_a_stall_of_ours_delays_no_canary(hearing: Hearing) -> None:
    hearing.sent(1, 1.0)

    hearing.credit(1.25, 6.25)

    assert hearing.doubt_at == 6.0 + CANARY_LATE_S
    assert hearing.came_back(1, 6.375) is None


def test_a_stall_puts_off_the_port_question_and_no_report() -> None:
    hearing = Hearing()
    hearing.go_blind(0.0, "connection", 0.0)

    hearing.credit(1.0, 11.0)

    assert not hearing.take_port_question(10.0 + ASK_PORT_AFTER_S - 0.5)
    assert hearing.take_port_question(10.0 + ASK_PORT_AFTER_S)
    assert hearing.next_deadline() == REPORT_AFTER_S
    assert hearing.take_blindness(11.0) is not None


def test_blindness_found_late_is_reported_at_once() -> None:
    hearing = Hearing()

    hearing.go_blind(10.0, "fleet", 80.0)

    assert hearing.next_deadline() == 80.0
    assert hearing.take_blindness(80.0) == Blindness(80.0, 10.0, "fleet", None)
    assert hearing.take_blindness(90.0) is None


def test_a_lost_connection_outweighs_a_canary(hearing: Hearing) -> None:
    hearing.go_blind(1.0, "canary", 4.0)
    hearing.go_blind(5.0, "connection", 5.0)
    hearing.go_blind(5.5, "canary", 5.5)

    assert hearing.blindness(6.0) == Blindness(6.0, 1.0, "connection", None)


def test_the_port_is_asked_only_while_blind(hearing: Hearing) -> None:
    hearing.sent(1, 0.0)
    hears = hearing.take_port_question(3.9)
    hearing.go_blind(4.0, "connection", 4.0)

    asked = [at for at in range(17) if hearing.take_port_question(float(at))]

    first = 4.0 + ASK_PORT_AFTER_S
    assert not hears
    assert asked == [first, first + ASK_AGAIN_S, first + 2 * ASK_AGAIN_S]


def test_a_port_answer_is_forgotten_with_its_blindness(hearing: Hearing) -> None:
    hearing.go_blind(1.0, "connection", 1.0)
    hearing.port_said("refuses")
    said = hearing.blindness(2.0)
    hearing.recover(3.0)

    hearing.go_blind(4.0, "connection", 4.0)

    assert said == Blindness(2.0, 1.0, "connection", "refuses")
    assert hearing.blindness(5.0) == Blindness(5.0, 4.0, "connection", None)


def test_canaries_that_never_return_are_bounded(hearing: Hearing) -> None:
    hearing.go_blind(0.0, "fleet", 0.0)

    for number in range(1_000):
        hearing.sent(number, float(number))

    assert hearing.came_back(100, 1_000.0) is None
    assert hearing.returned == 0


def test_canaries_sent_while_blind_are_not_awaited(hearing: Hearing) -> None:
    hearing.go_blind(0.0, "fleet", 3.0)
    hearing.sent(1, 4.0)

    hearing.recover(5.0)
    hearing.sent(2, 6.0)

    assert hearing.doubt_at == 6.0 + CANARY_LATE_S
    assert hearing.came_back(1, 6.125) is None
