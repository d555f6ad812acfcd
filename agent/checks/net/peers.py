"""Peers: the addresses and networks that may connect to a door of a check.

An IPv4 address that is written as one of IPv6 (``::ffff:10.1.0.7``) is the IPv4 address, in a
configuration and of a connection. A zone (``%eth0``) is left out.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from typing import TypeAlias

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_LOOPBACK = (ipaddress.IPv4Network("127.0.0.0/8"), ipaddress.IPv6Network("::1"))
_MAPPED_BITS = 96


class Peers:
    """A list of allowed peers; an empty one allows nobody.

    Raises:
        ValueError: a name is neither an IP address nor a network; the text says which.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._networks = [_network(name) for name in names]

    @property
    def names_loopback(self) -> bool:
        """Tell whether any address of this machine alone is among them."""
        return any(
            network.version == own.version and network.overlaps(own)
            for network in self._networks
            for own in _LOOPBACK
        )

    def allow(self, address: str) -> bool:
        """Tell whether an address, as a socket names it, is among them."""
        found = plain(address)
        return found is not None and any(found in network for network in self._networks)


def plain(address: str) -> Address | None:
    """Return the address of a peer; None if it has none, as by a Unix socket."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def is_own(address: str) -> bool:
    """Tell whether an address is a loopback one, by any name: all others are beyond this machine.

    Python before 3.13 does not say so of ``::ffff:127.0.0.1``.
    """
    found = plain(address)
    return found is not None and found.is_loopback


def peers_at(address: str, names: Iterable[str]) -> "Peers":
    """Return who may come to an address of ours: without a list, this machine alone.

    Raises:
        ValueError: a name is none, or the address is beyond this machine and there is no list.
    """
    names = tuple(names)
    if not names and not is_own(address):
        raise ValueError("Expected `peers` to listen beyond this machine")
    return Peers(names or ("127.0.0.0/8", "::1"))


def _network(name: str) -> Network:
    number, has_zone, _zone = name.partition("%")
    try:
        network = ipaddress.ip_network(number)
    except ValueError:
        network = None
    if network is None or (has_zone and "/" in name):
        raise ValueError(
            f"Expected an IP address, or a network as in 10.1.0.0/24, got {name[:64]!r}"
        )
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped is None or network.prefixlen < _MAPPED_BITS:
        return network
    return ipaddress.ip_network((mapped, network.prefixlen - _MAPPED_BITS))
