"""Connections end when a fault says so: at once, by client or broker, or when it is over."""

import math

import pytest

from venuewatch.rehearsal import faults
from venuewatch.rehearsal.playing.ends import Ends, Look, Span, any_time
from venuewatch.rehearsal.scenario import Order

KEEPALIVE_S = 10.0  # of a long way
HOSTS = 7


def spans(
    fault: str, target: str = "host:A/A-1", *, lasts_s: float = 60.0, look: Look = any_time
) -> list[Span]:
    order = Order(step="hit", at_s=2.0, fault=fault, targets=(target,), lasts_s=lasts_s)
    return list(Ends(order, lambda _code: KEEPALIVE_S, lambda _code: HOSTS).spans(100.0, look))


def each_five_s(at: float) -> float:
    return 5.0 * math.ceil(at / 5.0)


def test_killed_agent_ends_its_connection_at_once_and_never_again() -> None:
    assert spans("agent_killed") == [Span(102.0, 105.0, 1, 0)]


def test_clock_that_is_stepped_ends_no_connection() -> None:
    assert spans("clock_stepped") == []


def test_feed_ends_no_connection() -> None:
    assert spans("feed_silent", "feed:A/A-1/results") == []


def test_venue_that_is_cut_off_is_lost_at_once_and_given_up_by_the_broker() -> None:
    assert spans("uplink_cut", "venue:A") == [
        Span(102.0, 105.0, 0, 1),
        Span(117.0, 122.0, HOSTS, 0),
    ]


def test_host_that_is_back_before_it_was_given_up_takes_its_session_over() -> None:
    assert spans("cable_pulled", lasts_s=4.0) == [Span(106.0, 107.0, 1, 0)]


def test_host_that_is_back_about_when_it_is_given_up_may_end_either_way() -> None:
    assert spans("cable_pulled", lasts_s=18.0) == [
        Span(117.0, 122.0, 1, 0),
        Span(120.0, 125.0, 1, 0),
    ]


def test_client_that_hears_nothing_leaves_before_it_is_given_up() -> None:
    (lost, left, back) = spans("uplink_cut_downward", "venue:A")

    assert (lost.connections, lost.venues) == (0, 1)
    assert left.start < 102.0 + KEEPALIVE_S < left.end < 102.0 + 1.5 * KEEPALIVE_S
    assert (left.connections, back.start) == (HOSTS, 162.0)


@pytest.mark.parametrize(("at", "looks"), [(2.0, [120.0]), (5.0, [120.0, 125.0])])
def test_known_look_of_the_broker_is_the_only_moment_or_one_of_two(
    at: float, looks: list[float]
) -> None:
    order = Order(step="hit", at_s=at, fault="machine_off", targets=("host:A/A-1",), lasts_s=60.0)

    found = Ends(order, lambda _code: KEEPALIVE_S, lambda _code: HOSTS).spans(100.0, each_five_s)

    assert list(found) == [Span(look, look, 1, 0) for look in looks]


def test_every_end_of_a_fault_is_one_that_is_known() -> None:
    known = {"begin", "left", "unanswered", "mend"}

    assert {end for name in faults.names() for end in faults.load(name).ENDS} == known
