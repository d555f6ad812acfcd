"""Lines through an HTTP proxy: who is asked for what, and who is believed to be the broker."""

import select
import socket
import ssl
from contextlib import nullcontext
from pathlib import Path

import pytest

from agent import config
from agent.checks.net.connect import Target
from agent.mqtt import connecting
from agent.mqtt.paths import Paths
from agent.mqtt.proxy import ProxyError
from tests.agent.checks.authority import Authority, tls_peer
from tests.agent.checks.peers import LOOPBACK, refused_port, say, say_nothing, tcp_peer
from tests.agent.mqtt.played_proxy import PlayedProxy, refusing
from venuewatch.base.config import ConfigError, in_words
from venuewatch.base.lookups import Lookups

PATIENCE_S = 10.0


def connect(port: int, *, at: str = LOOPBACK, **settings: object) -> connecting.Line:
    """Return a line through a proxy; the broker's name is one that nobody knows."""
    given = {"address": "broker.invalid", "proxy": f"{at}:{port}"} | settings
    where = config.Broker(**given)  # type: ignore[arg-type]
    return connecting.connect(where, Paths(), where.places[0])


def test_proxy_resolves_the_broker_and_carries_its_bytes() -> None:
    with tcp_peer(say(b"hello")) as broker:
        proxy = PlayedProxy(broker)
        with tcp_peer(proxy) as port:
            line = connect(port)
            line.stream.write(b"x")
            select.select([line.stream], [], [], PATIENCE_S)
            heard = line.stream.read()
            line.stream.close()

    assert heard == b"hello"
    assert [asked.split(b"\r\n")[0] for asked in proxy.asked] == [
        b"CONNECT broker.invalid:1883 HTTP/1.1"
    ]


def test_line_whose_end_is_a_proxy_s_counts_as_stock_tcp() -> None:
    with tcp_peer(say_nothing) as broker, tcp_peer(PlayedProxy(broker)) as port:
        line = connect(port)
        line.stream.close()

    assert line.sock is None


@pytest.mark.parametrize(("name", "is_trusted"), [("localhost", True), ("other.invalid", False)])
def test_certificate_has_to_be_the_broker_s_and_not_the_proxy_s(
    tmp_path: Path,
    name: str,
    is_trusted: bool,  # noqa: FBT001 - a column of the table
) -> None:
    authority = Authority(tmp_path)

    with (
        tls_peer(authority.context(), say_nothing) as broker,
        tcp_peer(PlayedProxy(broker)) as port,
        nullcontext() if is_trusted else pytest.raises(ssl.SSLCertVerificationError),
    ):
        line = connect(port, address=name, ca_file=authority.file)
        line.stream.close()


def test_password_is_read_from_its_file_for_each_attempt(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    said = []
    for word in ("one", "two"):
        secret.write_text(f"{word}\n")
        with tcp_peer(say_nothing) as broker:
            proxy = PlayedProxy(broker)
            with tcp_peer(proxy) as port:
                line = connect(port, proxy_username="sta", proxy_password_file=str(secret))
                line.stream.close()
        said += [line.lower() for line in proxy.asked[0].split(b"\r\n") if b"uthorization" in line]

    assert said == [
        b"proxy-authorization: basic c3rhom9uzq==",
        b"proxy-authorization: basic c3rhonr3bw==",
    ]


def test_password_that_can_not_be_read_is_told_before_anybody_is_asked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="secret"):
        connect(9, proxy_username="sta", proxy_password_file=str(tmp_path / "secret"))


def test_proxy_that_does_not_run_is_told_as_the_proxy() -> None:
    port = refused_port()

    with pytest.raises(ProxyError) as told:
        connect(port)

    assert in_words(told.value) == f"the proxy {LOOPBACK}:{port}: nothing listens there"


def test_proxy_whose_name_nobody_knows_is_told_as_the_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def ask(*_: object) -> list[Target]:
        raise socket.gaierror(socket.EAI_NONAME, "not known")

    monkeypatch.setattr(connecting, "_lookups", Lookups(ask, most=connecting.HANGING_MAX))

    with pytest.raises(ProxyError, match=r"the proxy proxy\.example:3128: the name cannot be"):
        connect(3128, at="proxy.example")


def test_proxy_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "CONNECT_TIMEOUT_S", 0.1)

    with tcp_peer(say_nothing) as port, pytest.raises(ProxyError, match="did not answer in time"):
        connect(port)


def test_proxy_that_refuses_is_told_by_its_number() -> None:
    answer = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"

    with tcp_peer(refusing(answer)) as port, pytest.raises(ProxyError) as told:
        connect(port)

    assert told.value.status == 403
    assert "lets nobody through" in str(told.value)


def test_each_broker_is_asked_for_through_the_proxy() -> None:
    where = config.Broker(
        address="first.invalid", fallbacks=("second.invalid:8883",), proxy="[fd00::1]:3128"
    )

    assert [place.address for place in where.places] == ["first.invalid", "second.invalid"]
    assert where.connects_to == (config.Place("fd00::1", 3128),)
