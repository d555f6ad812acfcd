"""The configuration of one host's agent, as ``venue add`` hands it over. Pure.

Its last line is a mark, with a digest of what is above. What an operator writes below it stays, and
so does a whole file that was changed above it.
"""

import hashlib
import re
from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from typing import Final

from aggregator.inventory import HostEntry, VenueEntry
from venuewatch.base.in_toml import table

FOLDER: Final = "/etc/venuewatch"
"""The folder of a host's agent."""

_HEAD: Final = "# Written by venuewatch venue.\n"
_BEGINS: Final = "# venuewatch venue wrote what is above"
_MARK: Final = re.compile(rf"^{_BEGINS} \(([0-9a-f]+)\)[^\n]*\n?", re.MULTILINE)
_DIGITS: Final = 16
_PREFIX: Final = {4: 24, 6: 64}


def text_of(venue: VenueEntry, host: HostEntry, address: str, port: int, own: str = "") -> str:
    """Return ``agent.toml`` of a host; ``FOLDER`` has its key and certificates there, too.

    ``own``: what an operator wrote below the mark.
    """
    networks = probed_networks(venue.host)
    parts = [
        _HEAD,
        table({"venue": venue.code, "host": host.name, "role": host.role or None}),
        table(
            {
                "address": address,
                "port": port,
                "link": venue.link,
                "ca_file": f"{FOLDER}/ca.pem",
                "cert_file": f"{FOLDER}/host.pem",
                "key_file": f"{FOLDER}/host.key",
            },
            "[broker]",
        ),
    ]
    if networks:
        parts.append(table({"networks": networks}, "[probe]"))
    above = "\n".join([*parts, ""])
    return f"{above}{_BEGINS} ({_digest(above)}). Checks go below: docs/checks.md.\n{own}"


def own_part(text: str) -> str | None:
    """Return what an operator wrote below the mark; None where the rest is not as we wrote it."""
    mark = _MARK.search(text)
    if mark is None or mark[1] != _digest(text[: mark.start()]):
        return None
    return text[mark.end() :]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def probed_networks(hosts: Iterable[HostEntry]) -> list[str]:
    """Return the networks in which a host's neighbours are, by their addresses.

    Names are left out: the agent takes the networks of its own interfaces where there are none.
    """
    found = set()
    for host in hosts:
        try:
            address = ip_address(host.address)
        except ValueError:
            continue
        if not (
            address.is_unspecified
            or address.is_loopback
            or address.is_link_local
            or address.is_multicast
        ):
            found.add(ip_network((address, _PREFIX[address.version]), strict=False))
    return sorted(map(str, found))
