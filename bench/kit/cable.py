"""Joins two machines of this one by a cable: the centre, and what is outside of it.

Both are network namespaces. The packet filter of ``deploy/nftables`` can be loaded at the centre,
where the outside has addresses that it knows and others: each has its own IPv6 network of /64.
"""

import contextlib
import re
import subprocess
from collections.abc import Iterator
from typing import Final, NamedTuple

from bench.kit.machine import program
from bench.kit.processes import ROOT
from venuewatch.rehearsal.stage.machine import Machine, StageError, set_kernel
from venuewatch.rehearsal.stage.run import run_of_namespaces

FILTER: Final = ROOT / "deploy" / "nftables" / "venuewatch.nft"
VENUES: Final = FILTER.with_name("example-venues.nft")
HOSTS: Final = 400
"""How many hosts the venue at the addresses ``KNOWN`` has, where it is not said."""
CENTRE: Final = ("10.79.0.1", "fd79:0:0:1::1")
UNKNOWN: Final = ("10.79.0.2", "fd79:0:0:2::2")
KNOWN: Final = ("10.79.0.3", "fd79:0:0:3::3")
"""Addresses by IPv4 and IPv6."""

_DEVICE = "cable"
_NFT_S = 20.0
_PREFIXES = (24, 48)
_IPV6 = (("ipv6/conf/all/disable_ipv6", "0"), ("ipv6/conf/default/disable_ipv6", "0"))
_TRY: Final = """
table inet try {
    set new { type ipv4_addr; size 10; flags dynamic, timeout; timeout 1m; }
    set open { type ipv4_addr; size 10; flags dynamic; }
    chain input {
        type filter hook input priority filter; policy accept;
        ct state new update @new { ip saddr limit rate over 20/second burst 20 packets } drop
        ct state new add @open { ip saddr ct count over 64 } drop
    }
}
delete table inet try
"""


class Cable(NamedTuple):
    """A centre, and a machine that is outside of it."""

    centre: Machine
    outside: Machine

    def nft(self, text: str) -> str:
        """Do nft's commands at the centre; return what it prints.

        Raises:
            StageError: it refuses.
        """
        return nft(self.centre, text)

    def load_filter(self, port: int, *, hosts: int = HOSTS) -> None:
        """Load the packet filter for a broker at ``port``.

        The addresses ``KNOWN`` are a venue's that has so many ``hosts``.

        Raises:
            StageError: it is refused.
        """
        self.nft(filter_of(port, KNOWN, hosts))

    def unload_filter(self) -> None:
        """Take the packet filter out. Raises StageError."""
        self.nft("delete table inet venuewatch\n")

    def cut(self) -> None:
        """Let nothing pass until it is mended; addresses of IPv6 do not come back then."""
        self.outside.ip(f"link set {_DEVICE} down")

    def mend(self) -> None:
        """Let all pass again."""
        self.outside.ip(f"link set {_DEVICE} up")

    def dropped(self, what: str) -> int:
        """Return how many packets a counter of the filter has."""
        return dropped(self.centre, what)


def nft(machine: Machine, text: str) -> str:
    """Do nft's commands at a machine; return what it prints.

    Raises:
        StageError: it refuses.
    """
    command = machine.command("nft", "-f", "-")
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, input=text, timeout=_NFT_S
    )
    if done.returncode:
        raise StageError(f"nft: {done.stderr.strip()}")
    return done.stdout


def dropped(machine: Machine, what: str) -> int:
    """Return how many packets a counter of the filter has at a machine."""
    said = nft(machine, f"list counter inet venuewatch {what}\n")
    return int(said.split("packets ")[1].split()[0])


def filter_of(port: int, networks: tuple[str, str], hosts: int) -> str:
    """Return the packet filter for a broker at ``port``.

    ``networks``, of IPv4 and IPv6, are those of its one venue, which has so many ``hosts``.
    """
    text = FILTER.read_text(encoding="utf-8")
    text = re.sub(r"^define port = .*$", f"define port = {port}", text, flags=re.MULTILINE)
    venues = _venues_of(networks, hosts)
    return re.sub(r"^\s*include .*$", lambda _: venues, text, flags=re.MULTILINE)


def _venues_of(addresses: tuple[str, str], hosts: int) -> str:
    """Return the shipped example of a venue, with these networks and as many hosts."""
    text = VENUES.read_text(encoding="utf-8")
    ipv4, ipv6 = addresses
    for shipped, ours in (
        ("198.51.100.0/24", ipv4),
        ("2001:db8:1::/48", ipv6),
        ("40/second burst 40 ", f"{hosts}/second burst {hosts} "),
        ("over 96 ", f"over {2 * hosts + 16} "),
    ):
        if text.count(shipped) != 1:
            raise StageError(f"{VENUES}: expected once: {shipped}")
        text = text.replace(shipped, ours)
    return text


@contextlib.contextmanager
def cable() -> Iterator[Cable]:
    """Lay it until the block ends.

    Raises:
        StageError: this machine can't have it, or has no packet filter; the text says what lacks.
    """
    if program("nft") is None:
        raise StageError("nft (nftables) is not installed")
    with run_of_namespaces() as run:
        laid = Cable(Machine(run.prefix, "centre"), Machine(run.prefix, "outside"))
        for machine in laid:
            machine.make()
            set_kernel(machine.namespace, _IPV6)
        laid.centre.ip(
            f"link add {_DEVICE} type veth peer name {_DEVICE} netns {laid.outside.namespace}"
        )
        for machine, whose in ((laid.centre, (CENTRE,)), (laid.outside, (UNKNOWN, KNOWN))):
            machine.ip(
                *(
                    f"addr add {address}/{prefix} dev {_DEVICE}" + " nodad" * (":" in address)
                    for addresses in whose
                    for address, prefix in zip(addresses, _PREFIXES, strict=True)
                ),
                f"link set {_DEVICE} up",
            )
        try:
            laid.nft(_TRY)
        except StageError as error:
            raise StageError(f"the kernel has no packet filter as we need it: {error}") from None
        yield laid
