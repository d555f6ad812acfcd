"""A tunnel through an HTTP proxy: what is asked for, and what each answer leads to."""

import base64
import socket
import threading
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.config import Place
from agent.mqtt.proxy import ProxyError, Tunnel, User, open_tunnel

PATIENCE_S = 10.0
BROKER = Place("mq.example", 8883)
OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"


@pytest.mark.parametrize(
    ("address", "target"),
    [
        ("mq.example", b"mq.example:8883"),
        ("10.1.0.7", b"10.1.0.7:8883"),
        ("fd00::7", b"[fd00::7]:8883"),
        ("fe80::7%eth0", b"[fe80::7]:8883"),
        ("bücher.example", b"xn--bcher-kva.example:8883"),
    ],
)
def test_question_names_the_broker_and_its_port(address: str, target: bytes) -> None:
    asked = Tunnel(Place(address, 8883)).take()

    first, host, *_ = asked.split(b"\r\n")
    assert first == b"CONNECT " + target + b" HTTP/1.1"
    assert host.lower() == b"host: " + target.lower()
    assert asked.endswith(b"\r\n\r\n")


def test_question_is_asked_once() -> None:
    tunnel = Tunnel(BROKER)

    first, second = tunnel.take(), tunnel.take()

    assert first
    assert second == b""


def test_user_is_named_to_the_proxy() -> None:
    asked = Tunnel(BROKER, User("sta", "secret:with:colons")).take()

    given = base64.b64encode(b"sta:secret:with:colons")
    assert b"proxy-authorization: basic " + given.lower() in asked.lower()


def test_without_a_user_nothing_is_said_of_one() -> None:
    assert b"authorization" not in Tunnel(BROKER).take().lower()


@pytest.mark.parametrize("address", ["", "no name", "a\r\nb", "é" * 80])
def test_address_that_is_none_is_refused_before_anything_is_sent(address: str) -> None:
    with pytest.raises(ValueError, match=r"host name"):
        Tunnel(Place(address, 8883))


def test_user_with_a_colon_is_refused() -> None:
    with pytest.raises(ValueError, match="no colon"):
        Tunnel(BROKER, User("a:b", "secret"))


@pytest.mark.parametrize(
    "answer",
    [
        OPEN,
        b"HTTP/1.0 200 OK\r\n\r\n",
        b"HTTP/1.1 204 Fine\r\nVia: 1.1 proxy\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",  # to be ignored (RFC 9110, 9.3.6)
        b"HTTP/1.1 100 Continue\r\n\r\n" + OPEN,
    ],
)
def test_tunnel_opens_with_success_however_it_is_cut(answer: bytes) -> None:
    for size in (1, 7, len(answer)):
        tunnel = Tunnel(BROKER)
        tunnel.take()

        for at in range(0, len(answer), size):
            tunnel.receive(answer[at : at + size])

        assert tunnel.is_open


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (
            b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
            "the proxy answers 407: it wants another user or password",
        ),
        (
            b"HTTP/1.1 403 Forbidden\r\nContent-Length: 12\r\n\r\n<html>secret",
            "the proxy answers 403: it lets nobody through to that address and port",
        ),
        (b"HTTP/1.1 502 Bad\r\n\r\n", "the proxy answers 502: it can't reach the broker"),
        (b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", "the proxy answers 302"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "this is no HTTP proxy"),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", "this is no HTTP proxy"),
        (b"", "the proxy hung up without an answer"),
        (OPEN + b"hello", "the proxy sent more than its answer: it is no tunnel"),
    ],
)
def test_answer_that_is_no_tunnel_is_said_in_words(answer: bytes, why: str) -> None:
    tunnel = Tunnel(BROKER)
    tunnel.take()

    with pytest.raises(ProxyError) as refused:
        tunnel.receive(answer)

    assert str(refused.value) == why


def feed(tunnel: Tunnel, pieces: Iterable[bytes]) -> None:
    """Have a tunnel hear pieces, until it is open."""
    for piece in pieces:
        if piece and not tunnel.is_open:
            tunnel.receive(piece)


def test_answer_without_an_end_is_given_up() -> None:
    tunnel = Tunnel(BROKER)
    tunnel.receive(b"HTTP/1.1 200 OK\r\n")

    with pytest.raises(ProxyError):
        feed(tunnel, (b"X-%d: more\r\n" % number for number in range(10_000)))


def test_interim_answers_without_an_end_are_given_up() -> None:
    tunnel = Tunnel(BROKER)

    with pytest.raises(ProxyError, match="no end"):
        feed(tunnel, [b"HTTP/1.1 100 Continue\r\n\r\n"] * 10_000)


def proxied(serve: Callable[[socket.socket], None], *, timeout_s: float = PATIENCE_S) -> bytes:
    """Open a tunnel through ``serve``; return what comes out of it first."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.settimeout(PATIENCE_S)
        thread = threading.Thread(target=serve, args=(theirs,))
        thread.start()
        try:
            open_tunnel(ours, BROKER, timeout_s=timeout_s)
            ours.sendall(b"hello")
            return ours.recv(64)
        finally:
            ours.close()
            thread.join(PATIENCE_S)


def test_bytes_after_the_answer_are_those_of_the_broker() -> None:
    def serve(peer: socket.socket) -> None:
        peer.recv(4096)
        peer.sendall(OPEN)
        peer.sendall(peer.recv(64).upper())

    assert proxied(serve) == b"HELLO"


def test_proxy_that_trickles_is_given_up_in_time() -> None:
    def serve(peer: socket.socket) -> None:
        peer.recv(4096)
        peer.sendall(b"HTTP/1.1 200")
        peer.recv(1)  # until the other side has had enough

    with pytest.raises(ProxyError, match="did not answer in time"):
        proxied(serve, timeout_s=0.1)


def test_proxy_that_hangs_up_is_told() -> None:
    with pytest.raises(ProxyError, match="hung up without an answer"):
        proxied(lambda peer: peer.shutdown(socket.SHUT_RDWR))


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"220 mx.example ESMTP\r\n", "this is no HTTP proxy"),
        (b"HTT", "the proxy hung up without an answer"),
        (b"HTTP/1.1 200 OK\r\n", "the proxy hung up without an answer"),
    ],
)
def test_program_that_hangs_up_is_told_by_what_it_said(said: bytes, why: str) -> None:
    tunnel = Tunnel(BROKER)
    tunnel.receive(said)

    with pytest.raises(ProxyError, match=why):
        tunnel.receive(b"")


def test_proxy_that_refuses_before_it_is_asked_is_heard() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            theirs.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

        with pytest.raises(ProxyError, match="answers 403"):
            open_tunnel(ours, BROKER, timeout_s=PATIENCE_S)


def test_number_of_the_answer_is_kept() -> None:
    with pytest.raises(ProxyError) as refused:
        Tunnel(BROKER).receive(b"HTTP/1.1 407 Who\r\n\r\n")

    assert refused.value.status == 407


@given(st.lists(st.binary(max_size=200), max_size=20), st.sampled_from([b"", b"HTTP/1.1 2", OPEN]))
def test_any_answer_opens_a_tunnel_or_is_refused_in_words(rest: list[bytes], head: bytes) -> None:
    why = ""

    try:
        feed(Tunnel(BROKER), (head, *rest))
    except ProxyError as error:
        why = str(error)

    assert why.isprintable()
