"""The expected fleet: ``inventory.toml``, written by operators."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import msgspec

from aggregator.core.fleet import Fleet, Venue
from aggregator.core.host import Host, Place
from aggregator.core.margins import margin_s_of
from venuewatch.base.config import Name, load
from venuewatch.base.wire.bounds import ADDRESS_MAX
from venuewatch.base.wire.links import Link


class HostEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One expected host; its name is unique in the whole fleet.

    One that is ``required`` is missed soon, even if it was shut down in order.
    """

    name: Name
    role: str = ""
    address: Annotated[str, msgspec.Meta(max_length=ADDRESS_MAX)] = ""
    probe_port: Annotated[int, msgspec.Meta(ge=1, le=65535)] | None = None
    gateway: bool = False
    required: bool = False


class VenueEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One venue; ``margin_s`` replaces the margin (s) of its class of link.

    The page shows venues of the same ``group`` together.
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
            place=Place(host.address, host.probe_port, host.gateway, host.required),
        )
    return venue


def _refuse_twins(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"Expected each {what} once, got {name} twice")
        seen.add(name)
