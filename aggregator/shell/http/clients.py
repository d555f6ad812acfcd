"""Clients: their addresses as they are compared, and as they are counted.

An IPv4 address that is written as an IPv6 one is the IPv4 address. A zone and a port are no part of
an address. One client has a whole /64 of IPv6: there each machine has as many as it likes.
"""

from collections.abc import Iterable, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

UNKNOWN = "unknown"
"""As whom clients count whose address is not known."""


def address_of(text: str) -> Address | None:
    """Return the address in a text, which may have a port or a zone; None if there is none."""
    plain = text.partition("%")[0].strip('"')
    if plain.startswith("["):
        plain = plain[1:].partition("]")[0].partition("%")[0]
    elif plain.count(":") == 1:
        plain = plain.partition(":")[0]
    try:
        parsed = ip_address(plain)
    except ValueError:
        return None
    return getattr(parsed, "ipv4_mapped", None) or parsed


def address_of_socket(name: object) -> Address | None:
    """Return the address in a socket's name, or that of its peer; None if it has none."""
    return address_of(str(name[0])) if isinstance(name, tuple) and name else None


def counted_as(address: Address | None) -> str:
    """Return as whom a client with an address counts."""
    if address is None:
        return UNKNOWN
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return str(address)


def networks_of(texts: Iterable[str]) -> Sequence[Network]:
    """Return addresses and networks as networks.

    Raises:
        ValueError: one is neither.
    """
    return tuple(ip_network(text, strict=False) for text in texts)


def is_in(address: Address | None, networks: Iterable[Network]) -> bool:
    """Tell whether an address is one of some networks'."""
    return address is not None and any(address in network for network in networks)
