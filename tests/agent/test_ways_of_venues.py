"""Real agents on the ways that venues have: IPv6 alone, a name that moves, a NAT that forgets."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.agent.checks.namespaces import Cable, cable
from tests.faults.stage import staged
from tests.integration.real import Agent, Mosquitto, Process, pause, program, until
from venuewatch.rehearsal.stage.machine import Machine, StageError, ip, set_kernel

pytestmark = [pytest.mark.real, pytest.mark.timed, pytest.mark.long]

PORT: Final = 1883
HOST: Final = "STA-1"
NAME: Final = "broker.example"
BEFORE, AFTER, SIX = "10.9.0.2", "10.9.0.3", "fd09::2"
RECONNECT_MAX_S: Final = 2.0
BACK_WITHIN_S: Final = RECONNECT_MAX_S + 5.0
FORGETS_S: Final = 2
"""How long (s) the NAT keeps a connection on which nothing is sent."""

CUT_S: Final = 6.0
_NAT: Final = """table ip nat {
  chain leaving {
    type nat hook postrouting priority 100
    oifname out masquerade
  }
  chain passing {
    type filter hook forward priority 0
    ct state invalid drop
  }
}"""
_FORGETFUL: Final = (
    ("netfilter/nf_conntrack_tcp_loose", "0"),
    ("netfilter/nf_conntrack_tcp_timeout_established", str(FORGETS_S)),
)


def agent_of(folder: Path, address: str, machine: Machine) -> Agent:
    broker = f'address = "{address}"\nkeepalive_s = 1\nreconnect_max_s = {RECONNECT_MAX_S}'
    return Agent(folder, PORT, HOST, broker=broker).at(machine)


def connections(agent: Agent) -> int:
    return len(agent.events("broker_connected"))


def until_connected(agent: Agent, times: int, *, within_s: float = BACK_WITHIN_S) -> None:
    until(f"connection {times}", lambda: connections(agent) >= times, within_s=within_s)


@pytest.fixture
def net() -> Iterator[Cable]:
    with cable() as net:
        yield net


def test_agent_with_ipv6_alone_is_back_in_time(net: Cable, tmp_path: Path) -> None:
    ip("-n", net.here, "-4", "addr", "flush", "dev", "port0")
    broker = Mosquitto(tmp_path, port=PORT, address=SIX).at(Machine("", net.there))

    with broker, agent_of(tmp_path, SIX, Machine("", net.here)) as agent:
        until_connected(agent, 1)
        broker.restart()
        until_connected(agent, 2)


@contextlib.contextmanager
def resolver(net: Cable) -> Iterator[None]:
    """Have the agent's machine ask the other end of the cable for names."""
    folder = Path("/etc/netns", net.here)
    folder.mkdir(parents=True)
    try:
        content = f"nameserver {SIX}\noptions timeout:1 attempts:2\n"
        (folder / "resolv.conf").write_text(content, encoding="ascii")
        yield
    finally:
        shutil.rmtree(folder)


def names_of(folder: Path, address: str, machine: Machine) -> Process:
    """Return a name server that knows the broker at an address."""
    return Process(
        folder,
        f"names-{address}",
        program("dnsmasq"),
        "--keep-in-foreground",
        "--conf-file=/dev/null",
        "--user=root",
        "--group=root",
        f"--pid-file={folder / 'names.pid'}",
        "--log-facility=-",
        "--bind-interfaces",
        f"--listen-address={SIX}",
        "--no-resolv",
        "--no-hosts",
        f"--host-record={NAME},{address}",
    ).at(machine)


def test_agent_follows_its_broker_to_another_address(net: Cable, tmp_path: Path) -> None:
    here, there = Machine("", net.here), Machine("", net.there)
    broker = Mosquitto(tmp_path, port=PORT, address="0.0.0.0").at(there)  # noqa: S104

    with resolver(net), broker, agent_of(tmp_path, NAME, here) as agent:
        with names_of(tmp_path, BEFORE, there):
            until_connected(agent, 1)
            broker.stop()
        there.ip(f"addr del {BEFORE}/24 dev port0", f"addr add {AFTER}/24 dev port0")
        with names_of(tmp_path, AFTER, there):
            broker.start()
            until_connected(agent, 2)


class Nat:
    """A machine behind a router that hides its address, and a broker beyond."""

    def __init__(self, prefix: str) -> None:
        names = ("agent", "nat", "broker")
        self.agent, self.nat, self.broker = (Machine(prefix, name) for name in names)
        for machine in (self.agent, self.nat, self.broker):
            machine.make()
        ends = ((self.agent, "in", "10.8.0"), (self.broker, "out", "10.9.0"))
        for machine, device, network in ends:
            machine.ip(
                f"link add name eth0 type veth peer name {device} netns {self.nat.namespace}"
            )
            machine.ip(f"addr add dev eth0 {network}.2/24", "link set eth0 up")
            self.nat.ip(f"addr add dev {device} {network}.1/24", f"link set {device} up")
        self.agent.ip("route add default via 10.8.0.1")
        set_kernel(self.nat.namespace, [("ipv4/ip_forward", "1")])

    def begin(self) -> None:
        """Hide the agent's address; raises StageError or OSError where the kernel can't."""
        ip("netns", "exec", self.nat.namespace, "nft", _NAT)
        set_kernel(self.nat.namespace, _FORGETFUL)

    def cut(self) -> None:
        self.nat.ip("link set in down")

    def heal(self) -> None:
        self.nat.ip("link set in up")


@pytest.fixture
def nat() -> Iterator[Nat]:
    with staged() as run:
        made = Nat(run.prefix)
        try:
            made.begin()
        except (OSError, StageError) as error:
            pytest.skip(f"no NAT here: {error}")
        yield made


def test_agent_behind_a_nat_that_forgets_is_back_in_time(nat: Nat, tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path, port=PORT, address=BEFORE).at(nat.broker)

    with broker, agent_of(tmp_path, BEFORE, nat.agent) as agent:
        until_connected(agent, 1)
        pause(3.0 * FORGETS_S)
        kept = connections(agent)
        nat.cut()
        pause(CUT_S)
        nat.heal()
        until_connected(agent, kept + 1)

    assert kept == 1
