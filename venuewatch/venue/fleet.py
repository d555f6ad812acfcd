"""The venues that commands have written, and the files that follow from them."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from aggregator import inventory
from aggregator.inventory import Inventory, VenueEntry
from venuewatch.base.config import ConfigError, one_line, unusable
from venuewatch.base.files import read_regular
from venuewatch.base.refusals import unknown
from venuewatch.venue import acl, inventory_file, nftables
from venuewatch.venue.authority import folder
from venuewatch.venue.authority.folder import Authorities
from venuewatch.venue.changes import PUBLIC, SHARED, Change
from venuewatch.venue.credentials import BRIDGE
from venuewatch.venue.settings import Settings

_TEXT_MAX: Final = 64 << 20  # the access rules of 15,000 hosts have 9 MB
_EMPTY: Final = b"# Venues written by hand. Others are in inventory.d.\nvenue = []\n"


class Fleet(NamedTuple):
    """All venues by code: those that commands have written, and in which file others are."""

    ours: Mapping[str, VenueEntry]
    by_hand: Mapping[str, Path]
    hosts: Mapping[str, str]

    def venue(self, code: str) -> VenueEntry:
        """Return a venue of ours.

        Raises:
            ConfigError: it is none, with what to do.
        """
        if code in self.by_hand:
            raise ConfigError(
                f"{code} is in {self.by_hand[code]}, which was written by hand: change it there "
                "(revoked = true below a host has the aggregator take it for revoked)"
            )
        if code not in self.ours:
            raise ConfigError(unknown("venue", code, self.ours))
        return self.ours[code]


def path_of(settings: Settings, code: str) -> Path:
    """Return the file of a venue."""
    return inventory.folder_of(Path(settings.inventory)) / f"{code}.toml"


def read(settings: Settings) -> Fleet:
    """Read all venues; an inventory that is not there yet has none.

    Raises:
        ConfigError: one line for the operator.
    """
    path = Path(settings.inventory)
    ours: dict[str, VenueEntry] = {}
    by_hand: dict[str, Path] = {}
    hosts: dict[str, str] = {}
    files = [path] if path.exists() else []
    files += inventory.files_beside(path)
    for each, found in zip(files, inventory.read_files(files), strict=True):
        is_ours = each != path and _is_ours(each, found)
        for venue in found.venue:
            if is_ours:
                ours[venue.code] = venue
            else:
                by_hand[venue.code] = each
            hosts |= {host.name: venue.code for host in venue.host}
    return Fleet(ours, by_hand, hosts)


def targets(known: Fleet, named: Iterable[str]) -> dict[str, set[str]]:
    """Return the hosts that ``VENUE`` or ``VENUE/HOST`` name, by venue.

    Raises:
        ConfigError: one is not there.
    """
    found: dict[str, set[str]] = {}
    for name in named:
        code, _, host = name.partition("/")
        names = {entry.name for entry in known.venue(code).host}
        if host and host not in names:
            raise ConfigError(unknown("host", host, names))
        if not names:
            raise ConfigError(f"{code}: expected a venue that has hosts")
        found.setdefault(code, set()).update({host} if host else names)
    return found


def venue_change(settings: Settings, venue: VenueEntry) -> Change:
    """Return the venue's file in the inventory.

    Raises:
        ConfigError: an operator's file is in its place.
    """
    path = path_of(settings, venue.code)
    if path.exists() and not is_file_of_ours(path):
        raise ConfigError(
            f"{path} was written by hand, and the file of {venue.code} has that name: rename it"
        )
    return Change(path, inventory_file.text_of(venue).encode(), PUBLIC)


def first_inventory(settings: Settings) -> list[Change]:
    """Return the inventory that a new centre needs beside its folder."""
    path = Path(settings.inventory)
    return [] if path.exists() else [Change(path, _EMPTY, PUBLIC)]


def derived(
    settings: Settings,
    known: Authorities,
    venues: Collection[VenueEntry],
    now: float,
    clearing: Iterable[tuple[str, str]] = (),
) -> tuple[Authorities, list[Change]]:
    """Return the files that follow from venues and authorities, and the authorities with them.

    Raises:
        ConfigError: one of them would not do.
    """
    known, state = folder.state_files(Path(settings.pki), known, now)
    (lists,) = (change.content for change in state if change.path.name == "crl.pem")
    broker, group = Path(settings.broker_folder), settings.broker_group
    bridges = {
        entry.name.removeprefix(BRIDGE)
        for entry in known.register.issued
        if entry.name.startswith(BRIDGE) and entry.revoked_at is None
    }
    in_order = sorted(venues, key=lambda venue: venue.code)
    blocks = acl.rules(in_order, settings.aggregators, bridges, clearing)
    path = Path(settings.acl_file)
    try:
        rules = acl.within(_text(path), blocks)
    except acl.AclError as error:
        raise ConfigError(f"{path}: {one_line(error)}") from None
    return known, [
        *state,  # first: what the register does not know could never be revoked
        Change(path, rules.encode(), SHARED, group),
        Change(broker / "crl.pem", lists, PUBLIC, group),  # the aggregator shows when it ends
        Change(broker / "clients.pem", known.cafile(), SHARED, group),
        *_filter(settings, in_order),
    ]


def has_filter_by_hand(settings: Settings) -> bool:
    """Tell whether an operator wrote the venues' part of the packet filter.

    Raises:
        ConfigError: it can not be read.
    """
    return not nftables.is_ours(_text(Path(settings.nftables_file)))


def _filter(settings: Settings, venues: Iterable[VenueEntry]) -> list[Change]:
    """Return the venues' part of the packet filter; that of an operator stays."""
    if has_filter_by_hand(settings):
        return []
    return [Change(Path(settings.nftables_file), nftables.elements(venues).encode(), PUBLIC)]


def is_file_of_ours(path: Path) -> bool:
    """Tell whether a command wrote a file of the inventory.

    Raises:
        ConfigError: it can not be read.
    """
    return _is_ours(path, inventory.read(path))


def _is_ours(path: Path, found: Inventory) -> bool:
    """Tell whether a command wrote a file: the one venue in it gives it its name."""
    codes = [venue.code for venue in found.venue]
    return codes == [path.stem] and inventory_file.is_ours(_text(path))


def _text(path: Path) -> str:
    """Return the text of a file; of one that is not there it is empty."""
    try:
        return read_regular(path, _TEXT_MAX).decode()
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raise unusable(path, error) from None
