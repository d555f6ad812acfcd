"""The door of a receiver: places, who makes room, and what a page in a browser can send."""

import socket
from collections.abc import Callable

import pytest

from agent.checks.results_feed.door import Door
from agent.checks.results_feed.places import PER_CLIENT, PLACES
from tests.agent.checks.feed.door import (
    KEY,
    MAX_BYTES,
    PATIENCE_S,
    POST,
    Hall,
    drip_until_cut_off,
    until,
    until_status,
)


def connected(hall: Hall, address: str, said: bytes = b"") -> socket.socket:
    there = ("127.0.0.1", hall.receiver.port)
    sock = socket.create_connection(there, PATIENCE_S, source_address=(address, 0))
    sock.sendall(said)
    return sock


SENDING = POST + b"Content-Length: 9\r\n\r\n<"


def test_oldest_silent_connection_of_an_address_makes_room(hall: Hall) -> None:
    silent = [connected(hall, "127.0.0.2", POST) for _ in range(PER_CLIENT)]

    assert hall.push() == 200
    silent.append(connected(hall, "127.0.0.2"))

    assert silent[0].recv(1_000) == b""
    assert hall.push() == 200
    assert hall.receiver.places.made_room == 1
    for sock in silent:
        sock.close()


def test_silent_connections_of_many_addresses_make_room_for_one_more(hall: Hall) -> None:
    silent = [connected(hall, f"127.0.0.{2 + at}") for at in range(PLACES + 3)]

    assert [sock.recv(1_000) for sock in silent[:3]] == [b""] * 3
    assert hall.push() == 200
    for sock in silent:
        sock.close()


def test_connections_that_send_are_left_and_one_more_is_refused(hall: Hall) -> None:
    sending = []
    for at in range(PLACES):
        sending.append(connected(hall, f"127.0.0.{2 + at}", SENDING))
        assert until(lambda at=at: hall.receiver.places.sending == at + 1)  # type: ignore[misc]

    refused = until_status(hall, 503)
    for sock in sending:
        sock.close()

    assert refused
    assert until_status(hall, 200)


def test_head_with_its_key_has_to_come_in_time_however_it_drips(
    open_door: Callable[[Door], Hall],
) -> None:
    hall = open_door(Door("127.0.0.1", 0, MAX_BYTES, key=KEY, head_s=0.3))

    with socket.create_connection(("127.0.0.1", hall.receiver.port), PATIENCE_S) as sock:
        sock.sendall(POST)
        drips = drip_until_cut_off(sock)

    assert drips > 0
    assert hall.push(headers={"X-Api-Key": "s3cret"}) == 200


FROM_PAGES = [
    ({"Origin": "https://evil.example"}, 403),
    ({"Origin": "null"}, 403),
    ({"ORIGIN": ""}, 403),
    ({"Sec-Fetch-Site": "cross-site"}, 403),
    ({"Sec-Fetch-Site": "same-site"}, 403),
    ({"Sec-Fetch-Mode": "cors"}, 200),  # programs in Node.js send it
    ({"Content-Type": "text/plain"}, 415),
    ({"Content-Type": "Text/Plain;charset=UTF-8"}, 415),
    ({"Content-Type": " text/plain ; x=y"}, 415),
    ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
    ({"Content-Type": "multipart/form-data; boundary=x"}, 415),
    ({"Content-Type": "multipart/mixed"}, 415),
    ({"Content-Type": "application/xml"}, 200),
    ({"Content-Type": "text/xml; charset=utf-8"}, 200),
    ({}, 200),
]


@pytest.mark.parametrize(("headers", "status"), FROM_PAGES)
def test_without_a_key_a_page_in_a_browser_is_refused_and_counted(
    hall: Hall, guarded: Hall, headers: dict[str, str], status: int
) -> None:
    assert hall.push(headers=headers) == status

    assert hall.reasons() == {200: [], 403: ["browser"], 415: ["content_type"]}[status]
    assert guarded.push(headers=headers | {"X-Api-Key": "s3cret"}) == 200
