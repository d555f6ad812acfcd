"""The receiver of pushes: it answers as a results server expects, and nobody can hang it."""

import gzip
import http.client
import socket
import ssl
from collections.abc import Callable

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from agent.checks.results_feed.door import Door
from agent.checks.results_feed.header import FeedError, Message, OversizedError
from tests.agent.checks.feed.door import (
    BODY,
    MAX_BYTES,
    PATIENCE_S,
    POST,
    Hall,
    drip_until_cut_off,
    served,
    until,
)

TOO_LARGE = b'<Body DocumentType="DT_KA">' + b"<R/>" * MAX_BYTES + b"</Body>"


def test_a_large_message_in_one_packet_of_gzip_is_heard(hall: Hall) -> None:
    body = b'<Body DocumentType="DT_KA">' + b"<R/>" * 18_000 + b"</Body>"

    status = hall.push(gzip.compress(body), "gzip")

    assert (status, hall.types()) == (200, ["Message"])


def test_who_asks_whether_to_go_on_is_told_so(hall: Hall) -> None:
    head = POST + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(BODY)

    answer = hall.says(head + BODY)

    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize("headers", [{}, {"X-Api-Key": "wrong"}, {"X-Api-Key": ""}])
def test_a_wrong_key_is_refused_and_counted(guarded: Hall, headers: dict[str, str]) -> None:
    status = guarded.push(headers=headers)

    assert (status, guarded.types()) == (401, ["HttpError"])
    assert guarded.reasons() == ["key"]


def test_the_right_key_is_let_in_whatever_the_case_of_its_header(guarded: Hall) -> None:
    statuses = [guarded.push(headers={name: "s3cret"}) for name in ("X-API-KEY", "x-api-key")]

    assert statuses == [200, 200]


PACKED = gzip.compress(BODY, mtime=0)
BAD = [(body, "") for body in (b"<Body>", b"<html/>", b"", b"<!DOCTYPE a><a/>")]
BAD += [(body, "gzip") for body in (b"no gzip", PACKED[:-9], PACKED + b"more")]


@pytest.mark.parametrize(("body", "encoding"), BAD)
def test_what_is_no_message_is_400_and_counted(hall: Hall, body: bytes, encoding: str) -> None:
    status = hall.push(body, encoding)

    assert status == 400
    assert len(hall.heard) == 1
    assert isinstance(hall.heard[0], FeedError)


def test_too_large_is_413_and_counted_whichever_way_it_comes(hall: Hall) -> None:
    statuses = [
        hall.push(TOO_LARGE),
        hall.push(iter([TOO_LARGE[:60_000], TOO_LARGE[60_000:120_000]])),
        hall.push(gzip.compress(TOO_LARGE), "gzip"),
    ]

    assert statuses == [413] * 3
    assert hall.types() == [OversizedError.__name__] * 3


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", b"405"),
        (POST + b"\r\n", b"411"),
        (POST + b"Content-Length: x\r\n\r\n", b"400"),
        (POST + b"Content-Length: -1\r\n\r\n", b"400"),
        (POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", b"400"),
        (POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", b"400"),
        (POST + b"Transfer-Encoding: gzip\r\n\r\n", b"501"),
        (POST + b"Transfer-Encoding: chunked\x0b\r\n\r\n", b"400"),
        (POST + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\na", b"400"),
        (POST + b"Content-Length: 99999999999999999999\r\n\r\n", b"413"),
        (POST + b"Content-Length: 1\r\nHost: b\r\n\r\na", b"400"),
        (POST + b"Content-Length: 1\r\nX-Api-Key: 1\r\nX-Api-Key: 2\r\n\r\na", b"400"),
        (POST + 2 * b"Content-Encoding: gzip\r\n" + b"Content-Length: 1\r\n\r\na", b"400"),
        (POST + b"Content-Length : 1\r\n\r\na", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\na", b"400"),
        (b"POST / HTTP/2.0\r\nHost: a\r\nContent-Length: 1\r\n\r\na", b"400"),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", b"400"),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", b"400"),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"1" * 300, b"400"),
        (POST + b"Content-Length: 9\r\n\r\nabc", b"400"),
        (POST + b"Content-Encoding: br\r\nContent-Length: 1\r\n\r\na", b"415"),
        (b"POST / HTTP/1.1\r\n folded: x\r\n\r\n", b"400"),
        (POST + b"X: " + b"x" * 20_000, b"431"),
        (b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\r\n\r\n", b"400"),
        (b"\0" * 20_000, b"400"),
        (b"hello\r\n\r\n", b"400"),
    ],
)
def test_what_is_no_push_is_refused(hall: Hall, request_bytes: bytes, status: bytes) -> None:
    answer = hall.says(request_bytes)

    assert answer.split()[1] == status
    assert hall.push() == 200


REQUESTS = (
    POST + b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
    + POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n<\r\n2a;x=y\r\n" + BODY[1:]
    + b"\r\n0\r\nX: trailer\r\n\r\n"
    + POST + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(PACKED), PACKED)
)  # fmt: skip


@given(st.integers(1, 64) | st.just(16_384))
def test_three_ways_to_send_a_body_are_heard_however_they_are_cut(at_a_time: int) -> None:
    answer, heard = served(REQUESTS, at_a_time=at_a_time)

    assert answer.count(b"HTTP/1.1 200 OK\r\n") == 3
    assert heard == [Message("DT_KA", source="HALL1", size_bytes=len(BODY))] * 3


@given(st.integers(0, len(REQUESTS)), st.binary(max_size=40), st.integers(0, 40))
def test_damaged_requests_are_answered_or_dropped(at: int, put: bytes, gone: int) -> None:
    answer, heard = served(REQUESTS[:at] + put + REQUESTS[at + gone :], at_a_time=16_384)

    assert answer[:9] in (b"", b"HTTP/1.1 ")
    assert answer.count(b"HTTP/1.1 200 OK\r\n") == sum(isinstance(it, Message) for it in heard)


@pytest.mark.parametrize("begun", [b"", b"POST", POST + b"Content-Length: 9\r\n\r\n<Bod"])
def test_who_is_too_slow_is_cut_off(open_door: Callable[[Door], Hall], begun: bytes) -> None:
    hall = open_door(Door("127.0.0.1", 0, MAX_BYTES, request_s=0.2, idle_s=0.2))

    with socket.create_connection(("127.0.0.1", hall.receiver.port), PATIENCE_S) as sock:
        sock.sendall(begun)
        answer = b"".join(iter(lambda: sock.recv(65_536), b""))

    assert (b"408" in answer) == bool(begun)


def test_who_drips_is_cut_off_although_it_never_pauses(open_door: Callable[[Door], Hall]) -> None:
    hall = open_door(Door("127.0.0.1", 0, 10**9, request_s=0.3))
    head = POST + b"Content-Length: 900000000\r\n\r\n" + BODY[:-2] + b">"

    with socket.create_connection(("127.0.0.1", hall.receiver.port), PATIENCE_S) as sock:
        sock.sendall(head)
        drips = drip_until_cut_off(sock)

    assert drips > 0
    assert hall.push() == 200


def test_closing_hangs_up_on_everybody_and_frees_the_port(hall: Hall) -> None:
    with socket.create_connection(("127.0.0.1", hall.receiver.port), PATIENCE_S) as sock:
        sock.sendall(POST)
        assert hall.push() == 200
        hall.receiver.close()

        assert sock.recv(1000).split()[1:2] in ([], [b"400"])
    socket.create_server(("127.0.0.1", hall.receiver.port)).close()


def test_tls_is_spoken_and_plain_text_refused(open_door: Callable[[Door], Hall]) -> None:
    authority = trustme.CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(server)
    authority.configure_trust(client)
    hall = open_door(Door("127.0.0.1", 0, MAX_BYTES, tls=server, request_s=PATIENCE_S))
    connection = http.client.HTTPSConnection(
        "127.0.0.1", hall.receiver.port, timeout=PATIENCE_S, context=client
    )

    plain = hall.says(POST + b"\r\n")
    connection.request("POST", "/", BODY)
    status = connection.getresponse().status
    connection.close()

    assert b"200" not in plain
    assert (status, hall.reasons(), hall.types()) == (200, ["tls"], ["HttpError", "Message"])


def test_sender_that_does_not_trust_the_certificate_is_counted(
    open_door: Callable[[Door], Hall],
) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(server)
    hall = open_door(Door("127.0.0.1", 0, MAX_BYTES, tls=server, request_s=PATIENCE_S))
    connection = http.client.HTTPSConnection(
        "127.0.0.1", hall.receiver.port, timeout=PATIENCE_S, context=ssl.create_default_context()
    )

    with pytest.raises(ssl.SSLCertVerificationError):
        connection.connect()

    assert until(lambda: hall.reasons() == ["tls"])
    assert "unknown ca" in str(hall.heard[0])


def test_port_scanner_that_says_nothing_is_no_refusal(
    open_door: Callable[[Door], Hall],
) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(server)
    halls = [open_door(Door("127.0.0.1", 0, MAX_BYTES, tls=tls)) for tls in (None, server)]

    for hall in halls:
        hall.says(b"")

    assert [hall.heard for hall in halls] == [[], []]


def test_a_handshake_that_never_comes_hangs_nobody(open_door: Callable[[Door], Hall]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    hall = open_door(Door("127.0.0.1", 0, MAX_BYTES, tls=context, request_s=0.2))

    with socket.create_connection(("127.0.0.1", hall.receiver.port), PATIENCE_S) as sock:
        ended = sock.recv(1000)

    assert ended == b""


CUT = b'<Body DocumentType="DT_KA" Source="HALL1"><a'


@pytest.mark.parametrize("body", [CUT, BODY + b"\x1a", BODY[:-2] + b">A & B</Body>"])
def test_message_whose_body_is_broken_is_heard_and_not_sent_again(hall: Hall, body: bytes) -> None:
    status = hall.push(body)

    assert status == 200
    assert isinstance(hall.heard[0], Message)
    assert (hall.heard[0].source, hall.heard[0].broken[:8]) == ("HALL1", "Expected")
