"""A real agent whose connection works in one direction, is forgotten, or has another address."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.mqtt.session import UNHEARD
from tests.agent.checks.namespaces import Cable, cable
from tests.integration.real import Agent, Aggregator, Mosquitto, inventory_of, until
from venuewatch.base import clock
from venuewatch.rehearsal.stage.machine import Machine

pytestmark = [pytest.mark.real, pytest.mark.timed, pytest.mark.long]

PORT = 1883
HOST = "STA-1"
THERE, OURS, OTHER = "10.9.0.2", "10.9.0.1", "10.9.0.3"
KEEPALIVE_S = 5.0
NOTICED_WITHIN_S = 2 * KEEPALIVE_S + 2.0
BACK_WITHIN_S = 2.0
SETTINGS = f'address = "{THERE}"\nreconnect_max_s = 1.0\n'
BLOCK = """table inet block {{
  chain arriving {{
    type filter hook input priority 0
    iifname port0 tcp {what} drop
  }}
}}"""


class Scene:
    def __init__(self, net: Cable, folder: Path) -> None:
        self.net = net
        here, there = Machine("", net.here), Machine("", net.there)
        self.broker = Mosquitto(folder, port=PORT, address="0.0.0.0").at(there)  # noqa: S104
        inventory = inventory_of(("STA", "wired", 1))
        self.aggregator = Aggregator(folder, PORT, inventory=inventory).at(there)
        self.agent = Agent(folder, PORT, HOST, broker=SETTINGS).at(here)

    def block(self, where: str, what: str) -> None:
        """Drop what arrives somewhere over TCP, as far as ``what`` says."""
        self.net.run(where, "nft", BLOCK.format(what=what))

    def heal(self, where: str) -> None:
        self.net.run(where, "nft", "delete", "table", "inet", "block")

    def own_port(self) -> str:
        """Return the agent's port of its connection."""
        told = self.net.run(self.net.here, "ss", "-Htn", "dst", f"{THERE}:{PORT}")
        return told.split()[3].rpartition(":")[2]

    def lost(self) -> list[str]:
        return [str(each["why"]) for each in self.agent.events("broker_lost")]

    def connected(self) -> int:
        return len(self.agent.events("broker_connected"))

    def noticed_s(self) -> float:
        """Wait until the agent finds out, and return how long that took."""
        begin = clock.monotonic()
        until("it finds out", self.lost, within_s=2 * NOTICED_WITHIN_S)
        return clock.monotonic() - begin

    def wait_until_back(self, within_s: float) -> None:
        until("it is back", lambda: self.connected() == 2, within_s=within_s)
        self.aggregator.wait_for(HOST, "up")


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with cable() as net:
        made = Scene(net, tmp_path)
        with made.broker, made.aggregator, made.agent:
            made.aggregator.wait_for(HOST, "up")
            yield made


def test_agent_that_is_not_heard_any_more_finds_out_and_returns(scene: Scene) -> None:
    scene.block(scene.net.there, f"dport {PORT}")

    noticed_s = scene.noticed_s()
    scene.heal(scene.net.there)
    scene.wait_until_back(NOTICED_WITHIN_S)

    assert noticed_s <= NOTICED_WITHIN_S
    assert len(scene.lost()) == 1


def test_broker_that_is_heard_and_hears_nothing_is_left(scene: Scene) -> None:
    """Acknowledgements pass, and so do ticks. The broker's end of the session does not."""
    scene.block(scene.net.there, f"dport {PORT} ip length > 90")
    scene.block(scene.net.here, f"sport {PORT} tcp flags & (fin | rst) != 0")

    noticed_s = scene.noticed_s()

    assert noticed_s <= NOTICED_WITHIN_S
    assert scene.lost() == [UNHEARD]


def test_nat_that_has_forgotten_the_connection_costs_two_keepalives(scene: Scene) -> None:
    """It drops what it knows no connection of, and new ones pass."""
    port = scene.own_port()
    scene.block(scene.net.there, f"dport {PORT} tcp sport {port}")
    scene.block(scene.net.here, f"sport {PORT} tcp dport {port}")

    noticed_s = scene.noticed_s()
    scene.wait_until_back(BACK_WITHIN_S + NOTICED_WITHIN_S)

    assert noticed_s <= NOTICED_WITHIN_S
    assert len(scene.lost()) == 1


def test_agent_whose_own_address_changes_returns_from_the_other(scene: Scene) -> None:
    here = Machine("", scene.net.here)
    here.ip(f"addr del {OURS}/24 dev port0", f"addr add {OTHER}/24 dev port0")

    noticed_s = scene.noticed_s()
    scene.wait_until_back(BACK_WITHIN_S + NOTICED_WITHIN_S)

    assert noticed_s <= NOTICED_WITHIN_S
