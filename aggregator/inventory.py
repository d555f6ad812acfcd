"""The expected fleet: ``inventory.toml``, written by operators, and ``inventory.d/`` beside it.

The folder holds one file a venue, as ``venuewatch venue add`` writes it. No venue and no host may
be in two files.
"""

from collections.abc import Iterable, Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

import msgspec

from aggregator.core.fleet import Fleet, Venue
from aggregator.core.host import Host, Place
from aggregator.core.margins import margin_s_of
from venuewatch.base.config import ConfigError, Name, load, unusable
from venuewatch.base.wire.bounds import ADDRESS_MAX
from venuewatch.base.wire.links import Link


class HostEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One expected host; its name is unique in the whole fleet.

    One that is ``required`` is missed soon, even if it was shut down in order. One that is
    ``revoked`` may say nothing any more: it is ``away`` for as long as that is so.
    """

    name: Name
    role: str = ""
    address: Annotated[str, msgspec.Meta(max_length=ADDRESS_MAX)] = ""
    probe_port: Annotated[int, msgspec.Meta(ge=1, le=65535)] | None = None
    gateway: bool = False
    required: bool = False
    revoked: bool = False


class VenueEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One venue; ``margin_s`` replaces the margin (s) of its class of link.

    The page shows venues of the same ``group`` together. ``uplink_addresses``: the networks from
    which its hosts reach the centre, for the packet filter.
    """

    code: Name
    name: str = ""
    town: str = ""
    country: str = ""
    group: str = ""
    timezone: str = "UTC"
    lat: Annotated[float, msgspec.Meta(ge=-90, le=90)] | None = None
    lon: Annotated[float, msgspec.Meta(ge=-180, le=180)] | None = None
    link: Link = "wired"
    margin_s: Annotated[float, msgspec.Meta(gt=0, le=3600)] | None = None
    host: tuple[HostEntry, ...] = ()
    uplink_addresses: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for network in self.uplink_addresses:
            try:
                ip_network(_without_zone(network))
            except ValueError as error:
                raise ValueError(
                    f"Expected `uplink_addresses` to be networks, as in 192.0.2.0/28: {error}"
                ) from None


def _without_zone(network: str) -> str:
    """Return a network; the zone of an address is of one machine alone, and no packet has it.

    Raises:
        ValueError: it names a zone.
    """
    if "%" in network:
        raise ValueError(f"{network!r} has a zone")
    return network


class Inventory(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every expected venue and host."""

    venue: tuple[VenueEntry, ...]

    def __post_init__(self) -> None:
        _refuse_twins("venue code", (venue.code for venue in self.venue))
        _refuse_twins("host name", (host.name for venue in self.venue for host in venue.host))


def read(path: Path) -> Inventory:
    """Read and check an inventory file.

    Raises:
        ConfigError: one line with the place of the error and the expected value.
    """
    return load(path, Inventory)


def folder_of(path: Path) -> Path:
    """Return the folder of single venues' files that belongs to an inventory file."""
    return path.parent / "inventory.d"


def read_all(path: Path) -> Inventory:
    """Read an inventory file, and each file of the folder ``inventory.d`` beside it.

    Raises:
        ConfigError: one line with the file, the place of the error and the expected value.
    """
    inventories = read_files([path, *files_beside(path)])
    return Inventory(tuple(venue for each in inventories for venue in each.venue))


def read_files(files: Iterable[Path]) -> list[Inventory]:
    """Read files of one fleet.

    Raises:
        ConfigError: as ``read_all``.
    """
    found = {path: read(path) for path in files}
    _refuse_in_two_files(found.items())
    return list(found.values())


def files_beside(path: Path) -> list[Path]:
    """Return the files of single venues, by name; one that is being written begins with a dot.

    Raises:
        ConfigError: their folder can not be read.
    """
    folder = folder_of(path)
    try:
        found = [path for path in folder.iterdir() if path.suffix == ".toml"]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise unusable(folder, error) from None
    return sorted(path for path in found if not path.name.startswith("."))


def _refuse_in_two_files(inventories: Iterable[tuple[Path, Inventory]]) -> None:
    seen: dict[tuple[str, str], Path] = {}
    for path, found in inventories:
        for what in _names_of(found):
            if what in seen:
                kind, name = what
                raise ConfigError(
                    f"{path}: expected each {kind} in one file, {name} is in {seen[what]}, too"
                )
            seen[what] = path


def _names_of(found: Inventory) -> Iterator[tuple[str, str]]:
    for venue in found.venue:
        yield "venue code", venue.code
        for host in venue.host:
            yield "host name", host.name


def fleet_of(inventory: Inventory) -> Fleet:
    """Return the fleet of an inventory; every host is still unknown."""
    return Fleet(_venue_of(entry) for entry in inventory.venue)


def _venue_of(entry: VenueEntry) -> Venue:
    margin_s, stock_margin_s = margin_s_of(entry.link), margin_s_of(entry.link, stock_tcp=True)
    if entry.margin_s is not None:
        margin_s = stock_margin_s = entry.margin_s
    venue = Venue(
        entry.code,
        margin_s=margin_s,
        stock_margin_s=stock_margin_s,
        name=entry.name,
        town=entry.town,
        timezone=entry.timezone,
    )
    venue.group = entry.group
    if entry.lat is not None and entry.lon is not None:
        venue.position = (entry.lat, entry.lon)
    for host in entry.host:
        venue.hosts[host.name] = Host(
            entry.code,
            host.name,
            margin_s=margin_s,
            stock_margin_s=stock_margin_s,
            role=host.role,
            place=Place(host.address, host.probe_port, host.gateway, host.required, host.revoked),
        )
    return venue


def _refuse_twins(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"Expected each {what} once, got {name} twice")
        seen.add(name)
