"""The configuration of one host's agent, as ``venue add`` hands it over. Pure."""

from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from typing import Final

from aggregator.inventory import HostEntry, VenueEntry
from venuewatch.base.in_toml import table

FOLDER: Final = "/etc/venuewatch"
"""The folder of a host's agent."""

_HEAD: Final = "# Written by venuewatch venue. Checks of this host go below: docs/checks.md.\n"
_PREFIX: Final = {4: 24, 6: 64}


def text_of(venue: VenueEntry, host: HostEntry, address: str, port: int) -> str:
    """Return ``agent.toml`` of a host; ``FOLDER`` has its key and certificates there, too."""
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
    return "\n".join(parts)


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
        if not (address.is_loopback or address.is_link_local or address.is_multicast):
            found.add(ip_network((address, _PREFIX[address.version]), strict=False))
    return sorted(map(str, found))
