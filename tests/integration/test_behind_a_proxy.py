"""A real agent that only an HTTP proxy lets out: it connects, and comes back when that does."""

from pathlib import Path

import pytest

from tests.agent.checks.peers import LOOPBACK, tcp_peer
from tests.agent.mqtt.played_proxy import PlayedProxy
from tests.integration.asked_agent import is_connected, trouble_in
from tests.integration.real import Agent, Mosquitto, until

pytestmark = pytest.mark.real

HOST = "STA-1"
RECONNECT_MAX_S = 2


def test_agent_behind_a_proxy_connects_and_comes_back(
    broker: Mosquitto, short_folder: Path
) -> None:
    proxy = PlayedProxy(broker.port)
    with tcp_peer(proxy) as port:
        settings = (
            'address = "broker.invalid"\n'
            f'proxy = "{LOOPBACK}:{port}"\nreconnect_max_s = {RECONNECT_MAX_S}'
        )
        with Agent(short_folder, broker.port, HOST, broker=settings):
            until("the agent is connected", lambda: is_connected(short_folder))
            proxy.is_cut.set()
            until("the proxy refuses", lambda: "answers 502" in trouble_in(short_folder))
            proxy.is_cut.clear()
            until("the agent is back", lambda: is_connected(short_folder))

    first = proxy.asked[0].split(b"\r\n")[0]
    assert first == f"CONNECT broker.invalid:{broker.port} HTTP/1.1".encode()
