"""Several addresses of one name: which is tried when, and which is taken."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.checks.net.connect import Target
from agent.mqtt.addresses import APART_S, Race, connect_first, in_turns
from tests.agent.checks.peers import LOOPBACK, full_port, refused_port, say_nothing, tcp_peer

TIMEOUT_S = 5.0
SIXES = [Target(socket.AF_INET6, (f"fd00::{at}", 1883, 0, 0)) for at in range(3)]
FOURS = [Target(socket.AF_INET, (f"10.0.0.{at}", 1883)) for at in range(2)]


def race(*targets: Target) -> Race:
    return Race(targets, start=100.0, timeout_s=TIMEOUT_S)


def here(port: int) -> Target:
    return Target(socket.AF_INET, (LOOPBACK, port))


def test_families_take_turns_and_the_first_stays_the_first() -> None:
    found = in_turns([*SIXES, *FOURS])

    assert found == [SIXES[0], FOURS[0], SIXES[1], FOURS[1], SIXES[2]]


@given(st.lists(st.sampled_from([*SIXES, *FOURS]), max_size=12))
def test_no_address_is_left_out(targets: list[Target]) -> None:
    assert sorted(in_turns(targets)) == sorted(targets)


def test_the_next_is_tried_when_the_one_before_does_not_answer() -> None:
    two = race(SIXES[0], FOURS[0])

    assert two.take(100.0) == SIXES[0]
    assert two.wait_s(100.0) == pytest.approx(APART_S)
    assert two.take(100.0 + APART_S - 0.01) is None
    assert two.take(100.0 + APART_S) == FOURS[0]
    assert two.take(102.0) is None
    assert two.wait_s(102.0) == pytest.approx(TIMEOUT_S - 2.0)


def test_the_next_is_tried_at_once_when_one_fails() -> None:
    two = race(SIXES[0], FOURS[0])
    two.take(100.0)

    two.failed(ConnectionRefusedError("refused"), 100.01)

    assert two.wait_s(100.01) == 0.0
    assert two.take(100.01) == FOURS[0]


def test_a_race_that_nobody_wins_in_time_is_over() -> None:
    two = race(SIXES[0], FOURS[0])
    two.take(100.0)
    two.take(101.0)

    with pytest.raises(TimeoutError):
        two.take(100.0 + TIMEOUT_S)


def test_when_all_have_failed_the_last_one_says_why() -> None:
    two = race(SIXES[0], FOURS[0])
    two.take(100.0)
    two.failed(OSError("no route"), 100.0)
    two.take(100.0)
    two.failed(ConnectionRefusedError("refused"), 100.1)

    with pytest.raises(ConnectionRefusedError, match="refused"):
        two.take(100.1)


def test_a_name_without_an_address_says_so() -> None:
    with pytest.raises(OSError, match="the name has no address"):
        connect_first([], TIMEOUT_S)


def test_an_address_that_leads_nowhere_hides_no_other() -> None:
    with full_port() as dead, tcp_peer(say_nothing) as port:
        sock = connect_first([here(dead), here(port)], TIMEOUT_S)
        with sock:
            assert sock.getpeername() == (LOOPBACK, port)
            assert sock.gettimeout() == 0.0


def test_a_family_that_this_machine_lacks_hides_no_other() -> None:
    unknown = Target(-2, ("nowhere",))

    with tcp_peer(say_nothing) as port, connect_first([unknown, here(port)], TIMEOUT_S) as sock:
        assert sock.getpeername() == (LOOPBACK, port)


def test_addresses_that_refuse_are_known_at_once() -> None:
    with pytest.raises(ConnectionRefusedError):
        connect_first([here(refused_port()), here(refused_port())], 3_600.0)


def test_addresses_that_are_silent_are_given_up() -> None:
    with full_port() as dead, pytest.raises(TimeoutError):
        connect_first([here(dead)], 0.05)
