"""Senders that are turned away: they see why, they are counted, and nobody waits for them."""

import gzip
import http.client
import socket
import ssl
import struct
from collections.abc import Callable, Iterator

import pytest
import trustme

from agent.checks.net.peers import Peers
from agent.checks.results_feed.door import Door
from agent.checks.results_feed.places import PER_CLIENT
from tests.agent.checks.feed.door import (
    BODY,
    KEY,
    MAX_BYTES,
    PATIENCE_S,
    POST,
    Hall,
    served,
    until,
)

MB = 1024 * 1024
LENGTH = b"Content-Length: %d\r\n\r\n" % len(BODY)
WHOLE = POST + LENGTH + BODY


def pieces(count: int) -> Iterator[bytes]:
    yield b"<Body DocumentType='DT_KA'>"
    for _ in range(count):
        yield b" " * MB


@pytest.mark.parametrize("has_length", [True, False])
def test_sender_of_fifty_megabytes_sees_its_413(
    open_door: Callable[[Door], Hall], *, has_length: bool
) -> None:
    hall = open_door(Door("127.0.0.1", 0, 10 * MB))
    headers = {"Content-Length": str(50 * MB + 27)} if has_length else {}

    statuses = [hall.push(pieces(50), headers=headers) for _ in range(5)]

    assert statuses == [413] * 5
    assert hall.reasons() == ["oversized"] * 5


def test_sender_over_tls_sees_its_413(open_door: Callable[[Door], Hall]) -> None:
    authority = trustme.CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(server)
    authority.configure_trust(client)
    hall = open_door(Door("127.0.0.1", 0, MB, tls=server))
    connection = http.client.HTTPSConnection(
        "127.0.0.1", hall.receiver.port, timeout=PATIENCE_S, context=client
    )

    connection.request("POST", "/", pieces(10))
    status = connection.getresponse().status
    connection.close()

    assert (status, hall.reasons()) == (413, ["oversized"])


def test_gzip_bomb_is_413_and_its_sender_sees_it(hall: Hall) -> None:
    bomb = gzip.compress(BODY[:-2] + b">" + b" " * 50 * MB + b"</Body>")

    assert hall.push(bomb, "gzip") == 413
    assert hall.reasons() == ["oversized"]


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"Content-Length: %d\r\n" % (2 * MAX_BYTES), b"413"),
        (b"Content-Encoding: br\r\nContent-Length: 9\r\n", b"415"),
        (b"Content-Type: text/plain\r\nContent-Length: 9\r\n", b"415"),
    ],
)
def test_who_asks_whether_to_go_on_is_refused_at_once(head: bytes, status: bytes) -> None:
    answer, heard = served(POST + b"Expect: 100-Continue\r\n" + head + b"\r\n")

    assert answer.split()[1] == status
    assert len(heard) == 1


CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
CHUNKS = b"%x;a=b\r\n%s\r\n" % (len(BODY), BODY)
ODD: list[tuple[bytes, bytes, list[str]]] = [
    (b"POST / HTTP/1.0\r\n" + LENGTH + BODY, b"200", []),
    (b"POST / HTTP/1.0\r\nConnection: keep-alive\r\n" + LENGTH + BODY, b"200", []),
    (b"POST / HTTP/1.0\r\n\r\n" + BODY, b"411", ["request"]),
    (b"POST http://receiver:8041/odf HTTP/1.1\r\nHost: a\r\n" + LENGTH + BODY, b"200", []),
    (b"POST * HTTP/1.1\r\nHost: a\r\n" + LENGTH + BODY, b"200", []),
    (b"POST //..%2f%00 HTTP/1.1\r\nHost: a\r\n" + LENGTH + BODY, b"200", []),
    (b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", b"405", ["method"]),
    (b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", b"405", ["method"]),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"405", ["method"]),
    (CHUNKED + CHUNKS + b"0\r\nX: " + b"x" * 9_999 + b"\r\n\r\n", b"200", []),
    (CHUNKED + CHUNKS + b"0\r\nX: " + b"x" * 99_999 + b"\r\n\r\n", b"431", ["request"]),
    (CHUNKED + b"0\r\n\r\n", b"400", ["message"]),
    (CHUNKED + b"ffffffffffffffffffff\r\n<", b"400", ["request"]),
    (CHUNKED + b"-1\r\n<", b"400", ["request"]),
    (CHUNKED + b"1\r\n \r\n" * 90_000 + b"0\r\n\r\n", b"413", ["oversized"]),
    (POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n" + CHUNKS, b"501", ["request"]),
    (POST + b"Transfer-Encoding: CHUNKED\r\n\r\n" + CHUNKS + b"0\r\n\r\n", b"200", []),
    (POST + b"Content-Length: +9\r\n\r\n", b"400", ["request"]),
    (
        POST + b"X-Api-Key: \xff\xfe" + b"\xf0\x9f\x8e\xbf" * 99 + b"\r\n" + LENGTH + BODY,
        b"200",
        [],
    ),
    (POST + b"Content-Type: \xff/\xff; boundary=\r\n" + LENGTH + BODY, b"200", []),
    (POST + b"Content-Encoding: \r\n" + LENGTH + BODY, b"200", []),
    (POST + b"Content-Encoding: GZIP\r\n" + LENGTH + BODY, b"200", []),
    (POST + b"Content-Encoding: gzip, gzip\r\n" + LENGTH + BODY, b"415", ["encoding"]),
    (POST + b"Expect: more\r\n" + LENGTH + BODY, b"200", []),
    (POST + b"X: a\0b\r\n" + LENGTH + BODY, b"400", ["request"]),
    (POST + b"X: y\r\n" * 9_000 + LENGTH + BODY, b"431", ["request"]),
    (POST + b"Upgrade: websocket\r\nConnection: Upgrade\r\n" + LENGTH + BODY, b"200", []),
]


@pytest.mark.parametrize(("raw", "status", "reasons"), ODD)
def test_odd_request_is_taken_or_refused_with_its_reason(
    raw: bytes, status: bytes, reasons: list[str]
) -> None:
    answer, heard = served(raw)

    assert answer.split()[1] == status
    assert [getattr(it, "reason", "") for it in heard if not hasattr(it, "type")] == reasons


def test_request_behind_one_that_is_refused_is_not_taken() -> None:
    answer, heard = served(WHOLE + POST + b"\r\n" + WHOLE)

    assert [line.split()[1] for line in answer.splitlines() if line.startswith(b"HTTP")] == [
        b"200",
        b"411",
    ]
    assert len(heard) == 2


def test_connection_that_breaks_in_a_body_is_counted(hall: Hall) -> None:
    with socket.create_connection(("127.0.0.1", hall.receiver.port), PATIENCE_S) as sock:
        sock.sendall(POST + LENGTH + BODY[:9])
        assert until(lambda: hall.receiver.places.sending == 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    assert until(lambda: hall.reasons() == ["request"])
    assert "the connection was lost" in str(hall.heard[0])


def test_slow_body_is_408_and_counted_as_slow(open_door: Callable[[Door], Hall]) -> None:
    hall = open_door(Door("127.0.0.1", 0, MAX_BYTES, request_s=0.2))

    with socket.create_connection(("127.0.0.1", hall.receiver.port), PATIENCE_S) as sock:
        sock.sendall(POST + LENGTH + BODY[:9])
        answer = b"".join(iter(lambda: sock.recv(65_536), b""))

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert hall.reasons() == ["slow"]


def test_sender_that_makes_room_amid_its_head_is_counted_as_full(hall: Hall) -> None:
    there = ("127.0.0.1", hall.receiver.port)
    begun = []
    for _ in range(PER_CLIENT + 1):
        begun.append(socket.create_connection(there, PATIENCE_S))
        begun[-1].sendall(POST)

    assert until(lambda: hall.reasons() == ["full"])
    assert hall.receiver.places.made_room == 1
    for sock in begun:
        sock.close()


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_peer_of_each_family_is_known_by_its_address(
    open_door: Callable[[Door], Hall], address: str
) -> None:
    listed = open_door(Door(address, 0, MAX_BYTES, key=KEY, peers=Peers([address])))
    other = open_door(Door(address, 0, MAX_BYTES, key=KEY, peers=Peers(["192.0.2.1"])))

    statuses = []
    for hall in (listed, other):
        connection = http.client.HTTPConnection(address, hall.receiver.port, timeout=PATIENCE_S)
        connection.request("POST", "/", BODY, {"X-Api-Key": KEY.decode()})
        statuses.append(connection.getresponse().status)
        connection.close()

    assert statuses == [200, 403]
    assert other.reasons() == ["peer"]
