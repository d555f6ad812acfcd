"""An agent's way to its broker over two routers, whose own link takes smaller packets than it says.

Four network namespaces in a row: agent - router - router - broker. The link in the middle has an
MTU of 1,280, all others of 1,500, and no router tells.
"""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import trustme

from tests.faults.stage import staged
from tests.integration.real import Agent, Aggregator, Mosquitto, inventory_of
from venuewatch.rehearsal.stage.machine import Machine, ip, set_kernel

HOST: Final = "STA-1"
PORT: Final = 1883
PLAIN_PORT: Final = 1884
INTERFACES: Final = 150
NARROW_MTU: Final = 1_280
CERTIFICATE_NAMES: Final = 100
"""With so many names in its certificate, a broker's first flight of TLS is over 1,280 bytes."""

SETTINGS: Final = """
address = "{address}"
reconnect_max_s = 1.0
{tls}
[heartbeat]
vitals_every_s = 1
"""
_SCATTER: Final = 0x9E37_79B9_7F4A_7C15  # Knuth, TAOCP 3, 6.4
_FORWARD: Final = (("ipv4/ip_forward", "1"),)
_FORWARD_SIX: Final = (("ipv6/conf/all/forwarding", "1"),)
_TALK_SIX: Final = (("ipv6/conf/all/disable_ipv6", "0"), ("ipv6/conf/default/disable_ipv6", "0"))
_SAY_NOTHING: Final = """table inet silent {
  chain leaving {
    type filter hook output priority 0
    icmp type destination-unreachable drop
    icmpv6 type packet-too-big drop
  }
}"""
_DROP_FRAGMENTS: Final = """table inet strict {
  chain passing {
    type filter hook prerouting priority -450
    ip frag-off & 0x3fff != 0 drop
  }
}"""


class Row:
    """The four machines; their addresses are of IPv6 where ``is_six``."""

    def __init__(self, prefix: str, middle_mtu: int, *, is_six: bool) -> None:
        self._is_six = is_six
        names = ("agent", "near", "far", "broker")
        self.agent, self.near, self.far, self.broker = (Machine(prefix, name) for name in names)
        for machine in (self.agent, self.near, self.far, self.broker):
            machine.make()
            if is_six:
                set_kernel(machine.namespace, _TALK_SIX)
        self._join(1, self.agent, self.near)
        self._join(2, self.near, self.far, mtu=middle_mtu)
        self._join(3, self.broker, self.far)
        self.agent.ip(f"route add default via {self._address(1, 2)}")
        self.near.ip(f"route add {self._net(3)} via {self._address(2, 2)}")
        self.far.ip(f"route add {self._net(1)} via {self._address(2, 1)}")
        self.broker.ip(f"route add default via {self._address(3, 2)}")
        for router in (self.near, self.far):
            set_kernel(router.namespace, _FORWARD_SIX if is_six else _FORWARD)
            ip("netns", "exec", router.namespace, "nft", _SAY_NOTHING)
        add_interfaces(self.agent)

    @property
    def broker_address(self) -> str:
        return self._address(3, 1)

    def drop_fragments(self) -> None:
        """Have the far router drop what was cut up, as many firewalls do."""
        ip("netns", "exec", self.far.namespace, "nft", _DROP_FRAGMENTS)

    def _join(self, net: int, one: Machine, other: Machine, *, mtu: int = 1_500) -> None:
        """Join two machines; the interface of each has the name of the other."""
        size = "64 nodad" if self._is_six else "24"
        ours, theirs = (machine.namespace.rpartition("-")[2] for machine in (other, one))
        one.ip(f"link add name {ours} type veth peer name {theirs} netns {other.namespace}")
        for at, machine, device in ((1, one, ours), (2, other, theirs)):
            machine.ip(
                f"link set {device} mtu {mtu}",
                f"addr add dev {device} {self._address(net, at)}/{size}",
                f"link set {device} up",
            )

    def _address(self, net: int, host: int) -> str:
        return f"fd09:{net}::{host}" if self._is_six else f"10.9.{net}.{host}"

    def _net(self, net: int) -> str:
        return f"fd09:{net}::/64" if self._is_six else f"10.9.{net}.0/24"


class Scene:
    """An agent, and behind the narrow path its broker and aggregator."""

    def __init__(self, row: Row, folder: Path, *, with_tls: bool) -> None:
        self.row = row
        address = row.broker_address
        extra, tls = _certified(folder, address) if with_tls else ([], "")
        extra += [f"listener {PLAIN_PORT} 127.0.0.1"]
        self.broker = Mosquitto(folder, port=PORT, address=address, extra=extra).at(row.broker)
        inventory = inventory_of(("STA", "wired", 1))
        self.aggregator = Aggregator(folder, PLAIN_PORT, inventory=inventory).at(row.broker)
        settings = SETTINGS.format(address=address, tls=tls)
        self.agent = Agent(folder, PORT, HOST, broker=settings).at(row.agent)

    def interfaces(self) -> int:
        """Return how many interfaces the aggregator knows of."""
        return len(list(self.aggregator.page().of("node_network_up", host=HOST)))

    def changes_to(self, state: str) -> int:
        """Return how often the host came to be in a state."""
        return sum(each["after"] == state for each in self.aggregator.events("host_changed"))

    def segment_bytes(self) -> int:
        """Return how large the segments of the agent's connection are."""
        namespace, broker = self.row.agent.namespace, self.row.broker_address
        told = ip("netns", "exec", namespace, "ss", "-Htni", "dst", broker)
        return int(re.findall(r"\bmss:(\d+)", told)[-1])

    def told(self) -> list[str]:
        """Return why the agent has made its segments small."""
        return [str(each["why"]) for each in self.agent.events("segments_made_small")]


@contextlib.contextmanager
def narrow_path(
    folder: Path,
    *,
    middle_mtu: int = NARROW_MTU,
    with_tls: bool = False,
    takes_fragments: bool = True,
    is_six: bool = False,
) -> Iterator[Scene]:
    """Yield a scene in which all of them run; skip the test where there can be no namespaces."""
    with staged() as run:
        row = Row(run.prefix, middle_mtu, is_six=is_six)
        if not takes_fragments:
            row.drop_fragments()
        scene = Scene(row, folder, with_tls=with_tls)
        with scene.broker, scene.aggregator, scene.agent:
            yield scene


def add_interfaces(machine: Machine) -> None:
    """Give a machine many interfaces, with names that do not pack: no segment takes them all."""
    names = (f"br{at * _SCATTER % 2**52:013x}" for at in range(INTERFACES))
    machine.ip(*(f"link add name {name} type bridge" for name in names))


def _certified(folder: Path, address: str) -> tuple[list[str], str]:
    """Return the lines of a broker with a large certificate, and those of its agent."""
    authority = trustme.CA()
    pem, ca_file = folder / "server.pem", folder / "ca.pem"
    names = (f"broker-{at}.venue.example" for at in range(CERTIFICATE_NAMES))
    made = authority.issue_cert(address, *names)
    made.private_key_and_cert_chain_pem.write_to_path(str(pem))
    authority.cert_pem.write_to_path(str(ca_file))
    return [f"certfile {pem}", f"keyfile {pem}"], f'ca_file = "{ca_file}"'
