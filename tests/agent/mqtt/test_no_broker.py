"""Programs that answer in a broker's place are told from one, in words that say where to look."""

import pytest

from agent import config
from agent.mqtt.connecting import connect
from agent.mqtt.paths import Paths
from agent.mqtt.protocol import PORTAL
from tests.agent.checks.peers import LOOPBACK, Script, say, tcp_peer
from tests.agent.mqtt.ended import why_ended

REFUSAL = b"HTTP/1.1 400 Bad Request\r\n\r\n"
SIGN_IN = b"HTTP/1.0 302 Found\r\nLocation: http://portal.example/\r\n\r\n" + b"<p>Sign in" * 50


def end_with(peer: Script) -> str:
    """Return why a session ends with this peer."""
    with tcp_peer(peer) as port:
        where = config.Broker(port=port)
        return why_ended(where, connect(where, Paths(), config.Place(LOOPBACK, port)))


@pytest.mark.parametrize("answer", [REFUSAL, SIGN_IN])
def test_web_server_in_the_place_of_the_broker_is_named(answer: bytes) -> None:
    assert end_with(say(answer)) == PORTAL


def test_another_program_is_told_as_one_that_speaks_no_mqtt() -> None:
    assert "what is no MQTT" in end_with(say(b"SSH-2.0-OpenSSH_9.2\r\n" * 9))
