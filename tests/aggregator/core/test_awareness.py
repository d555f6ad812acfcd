"""Doubt while a canary is late, deafness while none comes back, and what is credited after."""

import math

import pytest

from aggregator.core.awareness import (
    ASK_PORT_AFTER_S,
    CANARY_LATE_S,
    DEAF_AFTER_S,
    TELL_AFTER_S,
    Awareness,
    Why,
)
from aggregator.core.cases import Deafness

ASK_AGAIN_S = 5.0


@pytest.fixture
def awareness() -> Awareness:
    """Return an awareness that hears since 0."""
    hearing = Awareness()
    hearing.hear_again(0.0)
    return hearing


def test_it_is_deaf_until_we_are_subscribed() -> None:
    awareness = Awareness()
    before = awareness.is_deaf

    awareness.hear_again(1.0)

    assert (before, awareness.is_deaf) == (True, False)


def test_what_was_sent_before_we_were_subscribed_is_waited_for_by_nobody() -> None:
    awareness = Awareness()
    awareness.sent(1, 0.0)

    awareness.hear_again(0.25)

    assert awareness.doubt_at == math.inf
    assert awareness.came_back(1, 0.5) is None
    assert awareness.returned == 0


def test_a_canary_in_time_leaves_no_doubt(awareness: Awareness) -> None:
    awareness.sent(1, 1.0)

    doubted_since = awareness.came_back(1, 1.25)

    assert doubted_since is None
    assert awareness.doubt_at == awareness.deaf_at == math.inf
    assert (awareness.round_trip_s, awareness.returned, awareness.proof_at) == (0.25, 1, 1.25)


def test_doubt_begins_when_a_canary_is_late_and_deafness_when_it_stays_away(
    awareness: Awareness,
) -> None:
    awareness.sent(1, 1.0)

    assert awareness.doubt_at == 1.0 + CANARY_LATE_S
    assert awareness.deaf_at == 1.0 + DEAF_AFTER_S


def test_the_oldest_canary_decides_since_when_we_doubt(awareness: Awareness) -> None:
    awareness.sent(1, 1.0)
    awareness.sent(2, 2.0)

    assert awareness.doubt_at == 1.0 + CANARY_LATE_S


def test_a_late_canary_is_credited_from_when_we_last_knew_that_we_hear(
    awareness: Awareness,
) -> None:
    awareness.sent(1, 1.0)
    awareness.came_back(1, 1.125)
    awareness.sent(2, 2.0)

    assert awareness.came_back(2, 2.75) == 1.125


def test_no_credit_reaches_back_further_than_to_the_canary_before(awareness: Awareness) -> None:
    awareness.sent(1, 10.0)  # nothing was sent for long, so nothing proves that we heard

    assert awareness.came_back(1, 10.75) == 9.0


def test_a_canary_that_comes_back_first_shows_that_those_before_it_are_lost(
    awareness: Awareness,
) -> None:
    awareness.sent(1, 1.0)
    awareness.sent(2, 2.0)

    awareness.came_back(2, 2.125)

    assert awareness.doubt_at == math.inf
    assert awareness.came_back(1, 2.25) is None


def test_of_two_canaries_that_are_late_at_once_the_second_is_still_waited_for(
    awareness: Awareness,
) -> None:
    awareness.sent(1, 1.0)
    awareness.sent(2, 2.0)

    first = awareness.came_back(1, 2.75)

    assert first == 0.0
    assert awareness.doubt_at == 2.0 + CANARY_LATE_S
    assert awareness.came_back(2, 2.875) == 2.75  # from the first one's return on, and no further


def test_the_same_canary_counts_once(awareness: Awareness) -> None:
    awareness.sent(1, 1.0)

    awareness.came_back(1, 1.125)
    awareness.came_back(1, 1.25)

    assert awareness.returned == 1


def test_a_stall_of_our_own_is_no_delay_of_a_canary(awareness: Awareness) -> None:
    awareness.sent(1, 1.0)

    awareness.credit(1.25, 6.25)

    assert awareness.doubt_at == 6.0 + CANARY_LATE_S
    assert awareness.came_back(1, 6.375) is None


def test_a_stall_puts_off_what_we_were_about_to_say() -> None:
    awareness = Awareness()
    awareness.hear_nothing(0.0, "connection", 0.0)

    awareness.credit(1.0, 11.0)

    assert awareness.next_deadline() == 10.0 + ASK_PORT_AFTER_S
    assert awareness.take_deafness(10.0 + TELL_AFTER_S - 0.5) is None
    assert awareness.take_deafness(10.0 + TELL_AFTER_S) is not None


@pytest.mark.parametrize("why", ["starting", "connection", "canary", "fleet"])
def test_deafness_is_told_once_and_only_after_a_while(why: Why) -> None:
    awareness = Awareness()
    awareness.hear_nothing(10.0, why, 10.0)

    before = awareness.take_deafness(10.0 + TELL_AFTER_S - 0.125)
    told = awareness.take_deafness(10.0 + TELL_AFTER_S)
    again = awareness.take_deafness(30.0)

    assert (before, again) == (None, None)
    assert told == Deafness(15.0, 10.0, why, None)


def test_what_is_found_late_is_told_when_it_is_found_and_not_before() -> None:
    awareness = Awareness()

    awareness.hear_nothing(10.0, "fleet", 80.0)

    assert awareness.next_deadline() == 80.0


def test_hearing_again_in_time_tells_nothing(awareness: Awareness) -> None:
    awareness.hear_nothing(1.0, "connection", 1.0)

    awareness.hear_again(2.0)

    assert awareness.next_deadline() == math.inf
    assert awareness.deafness(2.0) is None


def test_who_is_deaf_already_is_deaf_since_then(awareness: Awareness) -> None:
    awareness.hear_nothing(1.0, "canary", 4.0)

    awareness.hear_nothing(5.0, "connection", 5.0)

    assert awareness.deafness(6.0) == Deafness(6.0, 1.0, "connection", None)


def test_a_lost_connection_is_not_forgotten_for_a_canary(awareness: Awareness) -> None:
    awareness.hear_nothing(1.0, "connection", 1.0)

    awareness.hear_nothing(5.0, "canary", 5.0)

    assert awareness.why == "connection"


def test_the_port_is_asked_after_two_seconds_and_then_each_five(awareness: Awareness) -> None:
    awareness.hear_nothing(1.0, "connection", 1.0)

    asked = [at for at in range(14) if awareness.take_port_question(float(at))]

    first = 1.0 + ASK_PORT_AFTER_S
    assert asked == [first, first + ASK_AGAIN_S, first + 2 * ASK_AGAIN_S]


def test_the_port_is_not_asked_while_we_hear(awareness: Awareness) -> None:
    awareness.sent(1, 1.0)

    assert not awareness.take_port_question(3.9)


def test_what_the_port_said_in_an_earlier_deafness_says_nothing_of_this_one(
    awareness: Awareness,
) -> None:
    awareness.hear_nothing(1.0, "connection", 1.0)
    awareness.hear_port("refuses")
    said = awareness.deafness(2.0)
    awareness.hear_again(3.0)

    awareness.hear_nothing(4.0, "connection", 4.0)

    assert said is not None
    assert said.port == "refuses"
    assert awareness.deafness(5.0) == Deafness(5.0, 4.0, "connection", None)


def test_canaries_that_never_come_back_fill_no_memory() -> None:
    awareness = Awareness()
    awareness.hear_again(0.0)
    awareness.hear_nothing(0.0, "fleet", 0.0)

    for number in range(1_000):
        awareness.sent(number, float(number))

    assert awareness.came_back(100, 1_000.0) is None
    assert awareness.returned == 0


def test_what_was_sent_while_we_were_deaf_is_waited_for_no_more(awareness: Awareness) -> None:
    awareness.hear_nothing(0.0, "fleet", 3.0)
    awareness.sent(1, 4.0)

    awareness.hear_again(5.0)
    awareness.sent(2, 6.0)

    assert awareness.doubt_at == 6.0 + CANARY_LATE_S
    assert awareness.came_back(1, 6.125) is None
