"""Describes the standard fleet of a rehearsal, and the checks that its hosts have on the stage.

The fleet is that of the demo, each venue brought to ``HOSTS`` hosts by role. The checks follow from
a host's role, so that any inventory can be rehearsed with.
"""

from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Final, Literal, NamedTuple

import msgspec

from aggregator.inventory import HostEntry, Inventory, VenueEntry, read

HOSTS: Final = 7
"""How many hosts each venue of the standard fleet has."""

CHECK_EVERY_S: Final = 5.0
"""How often (s) a check is read on the stage."""

LIMIT_S: Final = 20.0
"""How long (s) a feed may be silent there, and a file be old."""

DATA_LIMIT_S: Final = 30.0
"""How long (s) the data of a feed may rest while units are live, and how late they may be."""

AWAY_LIMIT_S: Final = 60.0
"""How long (s) a host that said farewell may stay away on the stage."""

GATEWAY: Final = "gateway"
RESULTS: Final = "results"
FEED: Final = "results"
NAMES: Final = "names"
SPARE: Final = "servers"
UPLINKS: Final = "uplinks"

_MORE_WITH_RESULTS = ("timing", "scoring", "cis", "print")
_MORE = ("storage", "print", "wall", "ticket")
_PAIR = 2


class StageCheck(NamedTuple):
    """A check of the stage; ``scope`` is that of its incidents. No ``roles``: every host has it."""

    name: str
    kind: str
    scope: Literal["feed", "check"]
    roles: frozenset[str] = frozenset()


CHECKS: Final = (
    StageCheck(FEED, "feed", "feed", frozenset({RESULTS})),
    StageCheck("disk", "disk", "check", frozenset({RESULTS})),
    StageCheck("service", "process", "check"),
    StageCheck(NAMES, "dns", "check"),
    StageCheck(SPARE, "redundancy", "feed", frozenset({GATEWAY})),
    StageCheck(UPLINKS, "uplinks", "feed", frozenset({GATEWAY})),
    StageCheck("temperature", "exec", "check", frozenset({GATEWAY})),
    StageCheck("certificate", "tls", "check", frozenset({GATEWAY})),
    StageCheck("scoreboard", "line", "feed", frozenset({"scoring"})),
    StageCheck("page", "file", "check", frozenset({"info", "feed", "ops"})),
)
"""Every check of the stage. ``servers`` is there only where a venue has two results hosts."""


def checks_of(host: HostEntry, venue: VenueEntry) -> tuple[StageCheck, ...]:
    """Return the checks that a host of a venue has on the stage."""
    has_pair = sum(each.role == RESULTS for each in venue.host) >= _PAIR
    return tuple(
        check
        for check in CHECKS
        if (not check.roles or host.role in check.roles) and (check.name != SPARE or has_pair)
    )


def check_named(name: str) -> StageCheck | None:
    """Return the check of a name, None if there is none."""
    return next((check for check in CHECKS if check.name == name), None)


def standard_fleet() -> Inventory:
    """Return the fleet that is rehearsed with where no inventory is given."""
    with resources.as_file(resources.files("venuewatch") / "demo" / "inventory.toml") as path:
        return brought_to(read(Path(path)), HOSTS)


def brought_to(inventory: Inventory, hosts: int) -> Inventory:
    """Return an inventory of which every venue has so many hosts.

    The last ones of a venue are left out, or the roles that it lacks are added, first once each.
    """
    return Inventory(tuple(_brought_to(venue, hosts) for venue in inventory.venue))


def _brought_to(venue: VenueEntry, hosts: int) -> VenueEntry:
    kept = venue.host[:hosts]
    added: list[HostEntry] = []
    for role, number in _roles_to_add(venue):
        if len(kept) + len(added) >= hosts:
            break
        name = f"{venue.code}-{role}-{number:02}"
        address = _next_address(venue, len(kept) + len(added))
        added.append(HostEntry(name, role=role, address=address))
    return msgspec.structs.replace(venue, host=(*kept, *added))


def _roles_to_add(venue: VenueEntry) -> Iterator[tuple[str, int]]:
    """Yield roles with the number of the host in them, without end."""
    roles = [host.role for host in venue.host]
    more = _MORE_WITH_RESULTS if RESULTS in roles else _MORE
    for role in more:
        if role not in roles:
            roles.append(role)
            yield role, 1
    while True:
        for role in more:
            roles.append(role)
            yield role, roles.count(role)


def _next_address(venue: VenueEntry, at: int) -> str:
    """Return an address beside those of the venue's hosts, empty where they have none."""
    network, dot, _ = venue.host[0].address.rpartition(".") if venue.host else ("", "", "")
    return f"{network}.{at + 1}" if dot else ""
