"""The network of a rehearsal: a centre, and venues with hosts on a LAN behind a router.

For a look at the line alone there is a pair of machines, 10.78.0.1 and 10.78.0.2.
Everything is in namespaces, with private addresses, and nothing touches this machine's own
network: the centre is 10.77.0.1, host k of venue v is 10.77.v.k, and a stranger, at no venue, is
10.79.0.2. Each uplink is a delay line.
"""

from typing import Final, Self

from venuewatch.rehearsal.stage.delay_line import Way
from venuewatch.rehearsal.stage.faults import unplug
from venuewatch.rehearsal.stage.guardian import Fault, Guardian
from venuewatch.rehearsal.stage.machine import Machine, remove, set_kernel
from venuewatch.rehearsal.stage.run import Run
from venuewatch.rehearsal.stage.uplink import DEVICE, Uplink

CENTRE: Final = "10.77.0.1"
LOW: Final = "10.78.0.1"
HIGH: Final = "10.78.0.2"
VENUES: Final = "10.77.0.0/16"
STRANGER: Final = "10.79.0.2"

_ROUTER_HOST: Final = 254
_BESIDE_STRANGER: Final = "10.79.0.1"
_FORWARD: Final = (("ipv4/ip_forward", "1"),)


def address_of(venue: int, host: int) -> str:
    """Return the address of a host; both are counted from 1."""
    return f"10.77.{venue}.{host}"


def make_centre(centre: Machine) -> None:
    """Make the centre's machine, without a line to anywhere."""
    centre.make()
    centre.ip(f"addr add {CENTRE}/32 dev lo")


def add_stranger(run: Run, centre: Machine, *, lasts_s: float | None = None) -> Fault:
    """Make the machine ``stranger``, at no venue and with a way to the centre, until that ends."""
    machine = stranger_of(run)

    def make() -> None:
        machine.make()
        centre.ip(
            f"link add name stranger type veth peer name eth0 netns {machine.namespace}",
            f"addr add {_BESIDE_STRANGER} peer {STRANGER} dev stranger",
            "link set stranger up",
        )
        machine.ip(
            f"addr add {STRANGER} peer {_BESIDE_STRANGER} dev eth0",
            "link set eth0 up",
            f"route add {CENTRE} dev eth0 src {STRANGER}",
        )

    name = machine.namespace
    remove_it = f"ip netns pids {name} | xargs -r kill -KILL; ip netns del {name}"
    undo = ("sh", "-c", f"[ ! -e /run/netns/{name} ] || {{ {remove_it}; }}")
    return run.guardian.play(make, undo, lasts_s=lasts_s)


def stranger_of(run: Run) -> Machine:
    """Return the machine of a run that is at no venue, made or not."""
    return Machine(run.prefix, "stranger")


class Lan:
    """Venue ``number`` (from 1): its router, its uplink and its hosts, counted from 1."""

    def __init__(self, run: Run, number: int, centre: Machine, way: Way | None = None) -> None:
        self._run = run
        self._number = number
        self._centre = centre
        self.router = Machine(run.prefix, f"{number}")
        self.hosts: dict[int, Machine] = {}
        self.uplink = Uplink(self.router, centre, f"venue{number}", way)

    @property
    def guardian(self) -> Guardian:
        """The guardian of its run."""
        return self._run.guardian

    def address(self, host: int) -> str:
        """Return the address of a host."""
        return address_of(self._number, host)

    @property
    def gateway(self) -> str:
        """The address of its router on the LAN."""
        return self.address(_ROUTER_HOST)

    def make(self, hosts: int) -> None:
        """Make the venue, every cable plugged."""
        self.router.make()
        set_kernel(self.router.namespace, _FORWARD)
        self.uplink.start(seed=self._number)
        self.router.ip(
            "link add name lan type bridge",
            f"addr add {self.gateway}/24 dev lan",
            "link set lan up",
            f"link set {DEVICE} up",
            f"route add {CENTRE} dev {DEVICE} src {self.gateway}",
        )
        self._centre.ip(
            f"link set venue{self._number} up",
            f"route add {self.address(0)}/24 dev venue{self._number} src {CENTRE}",
        )
        for host in range(1, hosts + 1):
            self._add(host)

    def unplug(self, host: int, *, lasts_s: float | None = None) -> Fault:
        """Pull a host's cable: no packet leaves the host any more, and none reaches it."""
        return unplug(self.guardian, self.router, f"port{host}", lasts_s=lasts_s)

    def replace(self, host: int) -> Machine:
        """Put a fresh machine in a host's place, with a kernel that knows no connection."""
        self.router.ip(f"link del port{host}")
        remove(self.hosts[host].namespace)
        return self._add(host)

    def close(self) -> None:
        """End the uplink; the run removes the namespaces."""
        self.uplink.close()

    def _add(self, host: int) -> Machine:
        machine = self.hosts[host] = Machine(self._run.prefix, f"{self._number}-{host}")
        machine.make()
        self.router.ip(
            f"link add name port{host} type veth peer name eth0 netns {machine.namespace}",
            f"link set port{host} master lan up",
        )
        machine.ip(
            f"link set eth0 address 02:00:00:00:{self._number:02x}:{host:02x}",  # replaced or not
            f"addr add {self.address(host)}/24 dev eth0",
            "link set eth0 up",
            f"route add default via {self.gateway}",
        )
        return machine


class Pair:
    """Two machines, ``LOW`` and ``HIGH``, that only an uplink joins: up is from low to high."""

    def __init__(self, prefix: str, way: Way | None = None) -> None:
        self.low, self.high = Machine(prefix, "low"), Machine(prefix, "high")
        self.uplink = Uplink(self.low, self.high, DEVICE, way)

    def make(self, seed: int = 1) -> Self:
        """Make both machines and the line."""
        self.low.make()
        self.high.make()
        self.uplink.start(seed)
        for machine, here, there in ((self.low, LOW, HIGH), (self.high, HIGH, LOW)):
            machine.ip(f"addr add {here} peer {there} dev {DEVICE}", f"link set {DEVICE} up")
        return self
