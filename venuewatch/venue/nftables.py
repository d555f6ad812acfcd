"""The venues' part of the packet filter: a verdict map, and a small chain for each venue. Pure.

A venue is often one address behind which all of its hosts are. So it has what its hosts need:
2 connections for each and 16 more, as many new ones a second as it has hosts, and 4 MB/s. Addresses
of no venue keep the strict limits of ``deploy/nftables``.
"""

from collections.abc import Iterable, Iterator
from ipaddress import collapse_addresses, ip_network
from typing import Final

from aggregator.inventory import VenueEntry

_SIGNS: Final = str.maketrans({"_": "_u", ".": "_d", "-": "_m"})

HEAD: Final = """\
# Written by venuewatch venue: what is changed here by hand is lost.
# It is included by the table venuewatch, beside this file.
"""


def is_ours(text: str) -> bool:
    """Tell whether a file may be written anew: a command wrote it, or it has no venue yet."""
    rules = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    return text.startswith(HEAD.partition("\n")[0]) or not any("chain" in rule for rule in rules)


def overlapping(venues: Iterable[VenueEntry]) -> list[str]:
    """Return a line for each network that is a part of another venue's: no address can be both."""
    known: list[tuple[str, str]] = []
    found = []
    for venue in venues:
        for text in venue.uplink_addresses:
            network = ip_network(text)
            for code, other_text in known:
                other = ip_network(other_text)
                is_other = code != venue.code and network.version == other.version
                if is_other and network.overlaps(other):
                    found.append(f"{text} of {venue.code} overlaps {other_text} of {code}")
            known.append((venue.code, text))
    return found


def elements(venues: Iterable[VenueEntry]) -> str:
    """Return the maps and chains of all venues that have ``uplink_addresses``."""
    known = [venue for venue in venues if venue.uplink_addresses and venue.host]
    parts = [HEAD]
    for version, kind in ((4, "ipv4_addr"), (6, "ipv6_addr")):
        lines = list(_lines(known, version))
        joined = ",\n".join(lines)
        inside = f"\telements = {{\n{joined}\n\t}}\n" if lines else ""
        parts.append(
            f"map venues_ipv{version} {{\n\ttype {kind} : verdict\n\tflags interval\n{inside}}}\n"
        )
    parts += [_chain(venue) for venue in known]
    return "\n".join(parts)


def chain_of(code: str) -> str:
    """Return the name of a venue's chain; each sign that no chain may have becomes two."""
    return "venue_" + code.translate(_SIGNS)


def _lines(venues: Iterable[VenueEntry], version: int) -> Iterator[str]:
    """Yield the lines of a map; networks of one venue that overlap are one."""
    for venue in venues:
        found = map(ip_network, venue.uplink_addresses)
        known = [network for network in found if network.version == version]
        for network in collapse_addresses(known):  # type: ignore[type-var]
            yield f"\t\t{network} : goto {chain_of(venue.code)}"


def _chain(venue: VenueEntry) -> str:
    hosts = len(venue.host)
    name = chain_of(venue.code)
    return (
        f"set {name}_open {{ type inet_service; size 16; flags dynamic; }}\n"
        f"counter {name}_new {{ }}\ncounter {name}_open {{ }}\ncounter {name}_bytes {{ }}\n"
        f"chain {name} {{\n"
        f"\tct state new limit rate over {hosts}/second burst {hosts} packets "
        f"counter name {name}_new drop\n"
        f"\tct state new add @{name}_open {{ tcp dport ct count over {2 * hosts + 16} }} "
        f"counter name {name}_open drop\n"
        f"\tlimit rate over 4 mbytes/second burst 12 mbytes counter name {name}_bytes drop\n"
        "\taccept\n}\n"
    )
