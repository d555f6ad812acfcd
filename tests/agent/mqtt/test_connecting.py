"""Lines beneath a session: names that nobody resolves, and brokers that say nothing."""

import contextlib
import queue
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from agent import config
from agent.checks.net.connect import Target
from agent.mqtt import connecting
from agent.mqtt.paths import SEGMENT_BYTES, Paths
from tests.agent.checks.peers import LOOPBACK, refused_port, say_nothing, tcp_peer
from venuewatch.base import clock
from venuewatch.base.config import ConfigError, in_words
from venuewatch.base.lookups import Lookups

PATIENCE_S = 10.0
MOST = connecting.HANGING_MAX

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone tells")


class Resolver:
    """Knows no address until the test says so."""

    def __init__(self, port: int = 9) -> None:
        self.may_answer = threading.Event()
        self._port = port

    def __call__(self, *_: object) -> list[Target]:
        self.may_answer.wait(PATIENCE_S)
        return [Target(socket.AF_INET, (LOOPBACK, self._port))]


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Resolver]:
    made = Resolver()
    monkeypatch.setattr(connecting, "_lookups", Lookups(made, most=MOST, of_one=MOST))
    monkeypatch.setattr(connecting, "RESOLVE_TIMEOUT_S", 0.01)
    yield made
    made.may_answer.set()


def connect(name: str, port: int = 9, **settings: object) -> connecting.Line:
    where = config.Broker(address=name, port=port, **settings)  # type: ignore[arg-type]
    return connecting.connect(where, Paths(), where.places[0])


@pytest.mark.usefixtures("resolver")
def test_a_name_server_that_is_silent_is_told_in_words() -> None:
    with pytest.raises(socket.gaierror) as told:
        connect("broker.example")

    assert in_words(told.value) == "the name cannot be resolved: no answer in time"


def test_no_more_than_two_names_hang_whatever_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    resolver = Resolver()
    monkeypatch.setattr("agent.mqtt.connecting._lookups._ask", resolver)  # its bound stays
    monkeypatch.setattr(connecting, "RESOLVE_TIMEOUT_S", 0.01)
    before = set(threading.enumerate())

    for _ in range(5):
        for name in ("first.example", "second.example", "third.example"):
            with pytest.raises(socket.gaierror):
                connect(name)

    hanging = set(threading.enumerate()) - before
    resolver.may_answer.set()
    for thread in hanging:
        thread.join(PATIENCE_S)
    assert len(hanging) == 2


@pytest.mark.usefixtures("resolver")
def test_a_number_needs_no_name_server() -> None:
    with contextlib.suppress(socket.gaierror):
        connect("first.example")
    with tcp_peer(say_nothing) as port:
        line = connect(LOOPBACK, port)
        line.stream.close()

    assert line.sock is not None


def test_a_name_is_resolved_and_connected_to() -> None:
    with tcp_peer(say_nothing) as port:
        line = connect("localhost", port)
        line.stream.close()

    assert line.password is None


def test_an_old_address_is_not_kept_to_the_next_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    with tcp_peer(say_nothing) as port:
        known = [refused_port(), port]

        def ask(*_: object) -> list[Target]:
            return [Target(socket.AF_INET, (LOOPBACK, known.pop(0)))]

        monkeypatch.setattr(connecting, "_lookups", Lookups(ask, most=connecting.HANGING_MAX))
        with pytest.raises(ConnectionRefusedError):
            connect("broker.example")
        line = connect("broker.example")
        line.stream.close()

    assert line.sock is not None


def test_a_port_where_nobody_listens_is_refused() -> None:
    with pytest.raises(ConnectionRefusedError):
        connect(LOOPBACK, refused_port())


def test_an_address_that_is_no_name_is_told_in_words() -> None:
    with pytest.raises(UnicodeError) as told:
        connect("a..b")

    assert in_words(told.value) == "the address is not a host name"


def test_a_secret_is_read_before_anybody_is_asked(tmp_path: Path) -> None:
    secret = tmp_path / "secret"

    with pytest.raises(ConfigError, match="secret"):
        connect("broker.example", username="agent", password_file=str(secret))


@pytest.fixture
def hasty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> config.Broker:
    """Have TLS be waited for a moment only; return the settings of a broker that speaks it."""
    monkeypatch.setattr(connecting, "CONNECT_TIMEOUT_S", 0.1)
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return config.Broker(address=LOOPBACK, ca_file=str(tmp_path / "ca.pem"))


def test_a_broker_that_shakes_no_hands_is_given_up(hasty: config.Broker) -> None:
    with tcp_peer(say_nothing) as port, pytest.raises(OSError, match="TLS") as told:
        connecting.connect(hasty, Paths(), config.Place(LOOPBACK, port))

    assert in_words(told.value) == connecting.NO_TLS


@linux_only
def test_certificate_that_does_not_come_may_have_been_too_large(hasty: config.Broker) -> None:
    paths = Paths()

    with tcp_peer(say_nothing) as port, pytest.raises(OSError, match="TLS"):
        connecting.connect(hasty, paths, config.Place(LOOPBACK, port))

    assert paths.is_narrow(LOOPBACK, clock.monotonic())


def test_line_that_has_lost_our_first_words_says_nothing_of_large_packets(
    hasty: config.Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "has_arrived", lambda _sock: False)
    paths = Paths()

    with tcp_peer(say_nothing) as port, pytest.raises(OSError, match="TLS"):
        connecting.connect(hasty, paths, config.Place(LOOPBACK, port))

    assert not paths.is_narrow(LOOPBACK, clock.monotonic())


@linux_only
def test_connection_is_given_up_after_two_keepalives_in_vain() -> None:
    with tcp_peer(say_nothing) as port:
        line = connect(LOOPBACK, port, keepalive_s=7)
        assert line.sock is not None
        in_vain_ms = line.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        line.stream.close()

    assert in_vain_ms == 14_000


@linux_only
@pytest.mark.parametrize(("narrow", "is_small"), [(LOOPBACK, True), ("10.0.0.1", False)])
def test_only_a_path_that_loses_large_packets_gets_small_segments(
    narrow: str, *, is_small: bool
) -> None:
    paths = Paths()
    paths.lose_large(narrow, clock.monotonic())

    with tcp_peer(say_nothing) as port:
        line = connecting.connect(
            config.Broker(address=LOOPBACK), paths, config.Place(LOOPBACK, port)
        )
        assert line.sock is not None
        segment_bytes = line.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)
        line.stream.close()

    assert (segment_bytes <= SEGMENT_BYTES) is is_small


def test_certificate_that_was_renewed_is_shown_at_the_next_connection(tmp_path: Path) -> None:
    authority, shown = trustme.CA(), queue.SimpleQueue[str]()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    own = str(tmp_path / "host.pem")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(LOOPBACK).configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED

    def serve(sock: socket.socket, _over: threading.Event) -> None:
        with context.wrap_socket(sock, server_side=True) as secure:
            secure.recv(1)
            shown.put(str(secure.getpeercert()))

    with tcp_peer(serve) as port:
        for name in ("first.example", "second.example"):
            pem = authority.issue_cert(name).private_key_and_cert_chain_pem
            pem.write_to_path(own)
            ca_file = str(tmp_path / "ca.pem")
            line = connect(LOOPBACK, port, ca_file=ca_file, cert_file=own, key_file=own)
            line.stream.write(b"1")
            assert name in shown.get(timeout=PATIENCE_S)
            line.stream.close()
