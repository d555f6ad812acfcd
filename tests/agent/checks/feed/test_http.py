"""The receiver of pushes: it answers as a results server expects, and nobody can hang it."""

import gzip
import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from agent.checks.results_feed.messages import FeedError, Message, OversizedError
from agent.checks.results_feed.places import PER_CLIENT, PLACES
from agent.checks.results_feed.pushes import Pushes
from agent.checks.results_feed.receiver import Door, Receiver
from venuewatch.base import clock

PATIENCE_S = 10.0
MAX_BYTES = 100_000
KEY = b"s3cret"
POST = b"POST / HTTP/1.1\r\nHost: a\r\n"
BODY = b'<Body DocumentType="DT_KA" Source="HALL1"/>'
TOO_LARGE = b'<Body DocumentType="DT_KA">' + b"<R/>" * MAX_BYTES + b"</Body>"


class Hall:
    def __init__(self, door: Door) -> None:
        self.heard: list[Message | FeedError] = []
        self.receiver = Receiver(door, self.heard.append)

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.receiver.port, timeout=PATIENCE_S)

    def push(
        self,
        body: bytes | Iterator[bytes] = BODY,
        encoding: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> int:
        named = dict(headers or {})
        if encoding:
            named["Content-Encoding"] = encoding
        connection = self.connect()
        try:
            connection.request("POST", "/odf?x=1", body, named)
            return connection.getresponse().status
        finally:
            connection.close()

    def says(self, raw: bytes) -> bytes:
        """Send bytes, and return all that is answered until it hangs up."""
        with socket.create_connection(("127.0.0.1", self.receiver.port), PATIENCE_S) as sock:
            sock.sendall(raw)
            sock.shutdown(socket.SHUT_WR)
            try:
                return b"".join(iter(lambda: sock.recv(65_536), b""))
            except ConnectionResetError:
                return b""

    def types(self) -> list[str]:
        return [type(it).__name__ for it in self.heard]


@pytest.fixture
def open_door() -> Iterator[Callable[[Door], Hall]]:
    halls: list[Hall] = []

    def open_one(door: Door) -> Hall:
        halls.append(Hall(door))
        return halls[-1]

    yield open_one
    for hall in halls:
        hall.receiver.close()


@pytest.fixture
def hall(open_door: Callable[[Door], Hall]) -> Hall:
    return open_door(Door("127.0.0.1", 0, MAX_BYTES))


@pytest.fixture
def guarded(open_door: Callable[[Door], Hall]) -> Hall:
    return open_door(Door("127.0.0.1", 0, MAX_BYTES, key=KEY))


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

    assert (status, guarded.heard) == (401, [])
    assert guarded.receiver.unauthorized == 1


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
        (POST + b"Content-Length: 1\r\nX-A: 1\r\nX-A: 2\r\n\r\n", b"400"),
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


class Piecemeal(socket.socket):
    most = 16_384

    def recv(self, size: int, flags: int = 0) -> bytes:
        return super().recv(min(size, self.most), flags)


def served(raw: bytes, *, at_a_time: int) -> tuple[bytes, list[Message | FeedError]]:
    """Have a whole connection served; return what was answered and what was heard."""
    heard: list[Message | FeedError] = []
    near, far = socket.socketpair()
    with Piecemeal(fileno=near.detach()) as ours, far:
        ours.most = at_a_time
        far.sendall(raw)
        far.shutdown(socket.SHUT_WR)
        Pushes(ours, Door("", 0, MAX_BYTES), heard.append, lambda: None).serve()
        ours.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: far.recv(65_536), b"")), heard


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


def drip_until_cut_off(sock: socket.socket) -> int:
    sock.settimeout(0.01)
    drips = 0
    while True:
        try:
            sock.send(b" ")
            drips += 1
            if sock.recv(65_536):
                return drips
        except TimeoutError:
            continue
        except OSError:
            return drips


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

    assert hall.receiver.unauthorized == (status != 200)
    assert len(hall.heard) == (status == 200)
    assert guarded.push(headers=headers | {"X-Api-Key": "s3cret"}) == 200


def until(is_so: Callable[[], bool]) -> bool:
    """Wait until it is so."""
    end = clock.monotonic() + PATIENCE_S
    while not is_so() and clock.monotonic() < end:
        threading.Event().wait(0.005)
    return is_so()


def until_status(hall: Hall, status: int) -> bool:
    """Push until it is answered with this status; who is turned away may see a reset instead."""
    for _ in range(10_000):
        try:
            if hall.push() == status:
                return True
        except OSError:
            continue
    return False


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
    assert (status, hall.types()) == (200, ["Message"])


def test_a_handshake_that_never_comes_hangs_nobody(open_door: Callable[[Door], Hall]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    hall = open_door(Door("127.0.0.1", 0, MAX_BYTES, tls=context, request_s=0.2))

    with socket.create_connection(("127.0.0.1", hall.receiver.port), PATIENCE_S) as sock:
        ended = sock.recv(1000)

    assert ended == b""
