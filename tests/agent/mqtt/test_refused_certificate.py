"""A broker that refuses a certificate says so after the handshake (TLS 1.3): its reason is kept."""

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import config
from agent.mqtt.connecting import connect
from agent.mqtt.paths import Paths
from tests.agent.checks.authority import Authority
from tests.agent.checks.peers import LOOPBACK, PATIENCE_S
from tests.agent.mqtt.ended import why_ended
from venuewatch.doctor.trial import Who, tried

REFUSED = "TLSV13_ALERT_CERTIFICATE_REQUIRED"
TIMES = 10


class Refusing:
    """A broker that wants a certificate, and hangs up on clients without one.

    Attributes:
        has_refused: set while the last client is hung up on.
    """

    def __init__(self, folder: Path) -> None:
        authority = Authority(folder)
        self._context = authority.context()
        self._context.verify_mode = ssl.CERT_REQUIRED
        self._context.load_verify_locations(authority.file)
        self._listening = socket.create_server((LOOPBACK, 0))
        self._thread = threading.Thread(target=self._serve)
        self.has_refused = threading.Event()
        self.where = config.Broker(
            address="localhost", port=self._listening.getsockname()[1], ca_file=authority.file
        )
        self._thread.start()

    def _serve(self) -> None:
        while True:
            peer, _ = self._listening.accept()
            peer.settimeout(PATIENCE_S)
            with peer:
                if not peer.recv(1, socket.MSG_PEEK):
                    return
                with pytest.raises(ssl.SSLError):
                    self._context.wrap_socket(peer, server_side=True)
            self.has_refused.set()

    def close(self) -> None:
        socket.create_connection((LOOPBACK, self.where.port), PATIENCE_S).close()
        self._thread.join(PATIENCE_S)
        self._listening.close()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Refusing]:
    broker = Refusing(tmp_path)
    yield broker
    broker.close()


def why_of_session(broker: Refusing, *, is_refused_before: bool) -> str:
    """Return why a session with this broker ends; it may be refused before we say a word."""
    broker.has_refused.clear()
    line = connect(broker.where, Paths(), broker.where.places[0])
    if is_refused_before:
        assert broker.has_refused.wait(PATIENCE_S)
    return why_ended(broker.where, line)


@pytest.mark.parametrize("is_refused_before", [False, True])
def test_agent_says_why_its_certificate_is_refused(
    broker: Refusing,
    is_refused_before: bool,  # noqa: FBT001 - a column of the table
) -> None:
    whys = {why_of_session(broker, is_refused_before=is_refused_before) for _ in range(TIMES)}

    assert whys == {f"TLS failed: {REFUSED}"}


def test_agent_on_a_websocket_says_why_its_certificate_is_refused(broker: Refusing) -> None:
    where = config.Broker(
        address="localhost",
        port=broker.where.port,
        ca_file=broker.where.ca_file,
        transport="websockets",
    )

    for _ in range(TIMES):
        with pytest.raises(ssl.SSLError, match="certificate required"):
            connect(where, Paths(), where.places[0])


def test_doctor_says_why_a_certificate_is_refused(broker: Refusing) -> None:
    whys = {tried(broker.where, Who("STA-1")).error for _ in range(TIMES)}

    assert whys == {f"TLS failed: {REFUSED}"}
