"""Real agents on the ways that venues have: IPv6 alone, a name that moves, a NAT, an HTTP proxy.

With ``--whole-cut`` the NAT forgets after 60 s, as some do, and the slowest agent that the classes
of links know is behind it, too. That takes five minutes.
"""

import contextlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

import pytest

from agent.config import KEEPALIVE_S
from bench.kit.processes import ROOT
from tests.agent.checks.namespaces import Cable, cable
from tests.faults.stage import staged
from tests.integration.real import Agent, Mosquitto, Process, pause, program, until
from venuewatch.base.wire.links import INTERVAL_MAX_S
from venuewatch.rehearsal.stage.machine import Machine, StageError, ip, set_kernel

pytestmark = [pytest.mark.real, pytest.mark.timed, pytest.mark.long]

PORT: Final = 1883
HOST: Final = "STA-1"
NAME: Final = "broker.example"
BEFORE, AFTER, SIX = "10.9.0.2", "10.9.0.3", "fd09::2"
PROXY, PROXY_PORT = "10.8.0.1", 3128
RECONNECT_MAX_S: Final = 2.0
BACK_WITHIN_S: Final = RECONNECT_MAX_S + 5.0
FORGETS_S, WHOLE_FORGETS_S = 2, 60
"""How long (s) the NAT keeps a connection on which nothing is sent."""

CUT_S, WHOLE_CUT_S = 6.0, 70.0
"""How long (s) nothing passes: longer than the NAT remembers, and than the agent waits."""

QUICK: Final = "keepalive_s = 1"
SLOW: Final = (
    f"keepalive_s = {max(KEEPALIVE_S.values())}\n[heartbeat]\ninterval_s = {INTERVAL_MAX_S}"
)
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


def agent_of(
    folder: Path, address: str, machine: Machine, *, host: str = HOST, more: str = QUICK
) -> Agent:
    broker = f'address = "{address}"\nreconnect_max_s = {RECONNECT_MAX_S}\n{more}'
    return Agent(folder, PORT, host, broker=broker).at(machine)


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

    def begin(self, forgets_s: int) -> None:
        """Hide the agent's address; raises StageError or OSError where the kernel can't."""
        ip("netns", "exec", self.nat.namespace, "nft", _NAT)
        established = "netfilter/nf_conntrack_tcp_timeout_established"
        forgetful = [("netfilter/nf_conntrack_tcp_loose", "0"), (established, str(forgets_s))]
        set_kernel(self.nat.namespace, forgetful)

    def cut(self) -> None:
        self.nat.ip("link set in down")

    def heal(self) -> None:
        self.nat.ip("link set in up")


@pytest.fixture
def is_whole(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("whole_cut"))


@pytest.fixture
def nat(*, is_whole: bool) -> Iterator[Nat]:
    with staged() as run:
        made = Nat(run.prefix)
        try:
            made.begin(WHOLE_FORGETS_S if is_whole else FORGETS_S)
        except (OSError, StageError) as error:
            pytest.skip(f"no NAT here: {error}")
        yield made


@pytest.mark.timeout(500)
def test_agent_behind_a_nat_that_forgets_is_back_in_time(
    nat: Nat, tmp_path: Path, *, is_whole: bool
) -> None:
    broker = Mosquitto(tmp_path, port=PORT, address=BEFORE).at(nat.broker)
    forgets_s, cut_s = (WHOLE_FORGETS_S, WHOLE_CUT_S) if is_whole else (FORGETS_S, CUT_S)
    slow_folder = tmp_path / "slow"
    slow_folder.mkdir()
    slow = agent_of(slow_folder, BEFORE, nat.agent, host="STA-2", more=SLOW)

    more = "" if is_whole else QUICK

    with (
        broker,
        agent_of(tmp_path, BEFORE, nat.agent, more=more) as agent,
        contextlib.ExitStack() as stack,
    ):
        agents = [agent, stack.enter_context(slow)] if is_whole else [agent]
        for each in agents:
            until_connected(each, 1)
        pause(3.0 * forgets_s)
        kept = [connections(each) for each in agents]
        lost = [each.events("broker_lost") for each in agents]
        nat.cut()
        pause(cut_s)
        nat.heal()
        until_connected(agent, kept[0] + 1)

    assert kept == [1] * len(agents)
    assert not any(lost)


class ProxyProcess(Process):
    """An HTTP proxy on a machine of its own, which leads to the broker."""

    def __init__(self, folder: Path) -> None:
        module = ("-m", "tests.agent.mqtt.played_proxy", BEFORE, str(PORT), str(PROXY_PORT))
        ours = ("env", f"PYTHONPATH={ROOT}", sys.executable)
        super().__init__(folder, "proxy", *ours, *module)

    def start(self) -> Self:
        """Start it, and wait until it listens."""
        super().start()
        until("the proxy listens", self._is_listening)
        return self

    def _is_listening(self) -> bool:
        with contextlib.suppress(OSError):
            self.place.connect("127.0.0.1", PROXY_PORT).close()
            return True
        return False


def test_agent_that_only_a_proxy_lets_out_is_back_in_time(nat: Nat, tmp_path: Path) -> None:
    set_kernel(nat.nat.namespace, [("ipv4/ip_forward", "0")])
    broker = Mosquitto(tmp_path, port=PORT, address=BEFORE).at(nat.broker)
    proxy = ProxyProcess(tmp_path).at(nat.nat)
    more = f'keepalive_s = 1\nproxy = "{PROXY}:{PROXY_PORT}"'

    with broker, proxy, agent_of(tmp_path, NAME, nat.agent, more=more) as agent:
        until_connected(agent, 1)
        proxy.kill()
        until("the agent is told", lambda: agent.events("broker_unreachable"))
        proxy.start()
        until_connected(agent, 2)
        nat.cut()
        pause(CUT_S)
        nat.heal()
        until_connected(agent, 3)
