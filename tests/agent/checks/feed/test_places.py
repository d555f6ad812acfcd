"""Places of a receiver: strangers press out no sender that is known."""

import socket
from collections.abc import Iterator

import pytest

from agent.checks.results_feed.places import PER_CLIENT, PER_KNOWN, PLACES, Place, Places

SENDER, STRANGER = "10.1.0.7", "10.9.0."


@pytest.fixture
def sock() -> Iterator[socket.socket]:
    with socket.socket() as unconnected:
        yield unconnected


@pytest.fixture
def places() -> Places:
    return Places()


def taken(places: Places, sock: socket.socket, address: str) -> Place:
    place = places.take(sock, address)
    assert place is not None
    return place


def known(places: Places, sock: socket.socket) -> None:
    """Let the sender show its key once, and hang up."""
    place = taken(places, sock, SENDER)
    places.note(place, is_waiting=False)
    places.leave(place)


def flood(places: Places, sock: socket.socket, count: int, addresses: int = 1) -> list[Place]:
    """Connect and say nothing; each that has to leave does so at once."""
    came: list[Place] = []
    for at in range(count):
        place = taken(places, sock, f"{STRANGER}{at % addresses}" if addresses > 1 else SENDER)
        came.append(place)
        for each in came:
            if each.is_ended:
                places.leave(each)
    return came


def test_strangers_elsewhere_press_out_no_head_of_a_known_sender(
    places: Places, sock: socket.socket
) -> None:
    known(places, sock)
    begun = taken(places, sock, SENDER)

    flood(places, sock, 500, addresses=50)

    assert not begun.is_ended


def test_strangers_elsewhere_press_out_a_head_of_an_unknown_sender(
    places: Places, sock: socket.socket
) -> None:
    begun = taken(places, sock, SENDER)

    flood(places, sock, PLACES, addresses=50)

    assert begun.is_ended


def test_stranger_behind_the_address_of_a_sender_needs_more_at_once(
    places: Places, sock: socket.socket
) -> None:
    strange = taken(places, sock, SENDER)
    flood(places, sock, PER_CLIENT)
    assert strange.is_ended
    places.leave(strange)
    known(places, sock)
    begun = taken(places, sock, SENDER)

    flood(places, sock, PER_KNOWN - 1)
    is_left = not begun.is_ended
    flood(places, sock, 1)

    assert is_left
    assert begun.is_ended


def test_connection_with_its_key_makes_room_for_no_silent_one(
    places: Places, sock: socket.socket
) -> None:
    sender = taken(places, sock, SENDER)
    places.note(sender, is_waiting=True)

    flood(places, sock, 100)
    flood(places, sock, 500, addresses=50)

    assert not sender.is_ended


def test_addresses_that_are_known_are_few(places: Places, sock: socket.socket) -> None:
    known(places, sock)
    for at in range(100):
        place = taken(places, sock, f"10.2.0.{at}")
        places.note(place, is_waiting=False)
        places.leave(place)
    begun = taken(places, sock, SENDER)

    flood(places, sock, PLACES, addresses=50)

    assert begun.is_ended
