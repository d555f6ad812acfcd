"""Lines beneath a session: names that nobody resolves, and brokers that say nothing."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from agent import config
from agent.checks.net.connect import Target
from agent.mqtt import connecting
from tests.agent.checks.peers import LOOPBACK, refused_port, say_nothing, tcp_peer
from venuewatch.base.config import ConfigError, in_words
from venuewatch.base.lookups import Lookups

PATIENCE_S = 10.0
MOST = connecting.HANGING_MAX


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
    return connecting.connect(where, where.places[0])


@pytest.mark.usefixtures("resolver")
def test_a_name_server_that_is_silent_is_told_in_words() -> None:
    with pytest.raises(socket.gaierror) as told:
        connect("broker.example")

    assert in_words(told.value) == "the name cannot be resolved: no answer in time"


@pytest.mark.usefixtures("resolver")
def test_no_more_than_two_names_hang_whatever_is_tried() -> None:
    before = threading.active_count()

    for _ in range(5):
        for name in ("first.example", "second.example", "third.example"):
            with pytest.raises(socket.gaierror):
                connect(name)

    assert threading.active_count() <= before + MOST


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


def test_a_broker_that_shakes_no_hands_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "CONNECT_TIMEOUT_S", 0.1)
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "ca.pem"))

    with tcp_peer(say_nothing) as port, pytest.raises(TimeoutError):
        connect(LOOPBACK, port, ca_file=str(tmp_path / "ca.pem"))
