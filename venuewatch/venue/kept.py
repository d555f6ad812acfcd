"""The files of a centre that a backup has, by kind, and where the settings put each kind."""

import grp
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from aggregator import inventory
from venuewatch.base.config import ConfigError, unusable
from venuewatch.base.files import read_regular
from venuewatch.venue import fleet, inventory_file
from venuewatch.venue.archive import Stored
from venuewatch.venue.changes import Change
from venuewatch.venue.settings import Settings

REGISTER: Final = "pki/clients/issued.json"
AUTHORITY: Final = "pki/clients/ca.pem"
LISTS: Final = ("pki/crl.pem", "broker/crl.pem")
SETTINGS: Final = "settings"

_BYTES_MAX: Final = 256 * 1024 * 1024  # the rules of 35,000 hosts have 20 MB
_OURS: Final = ("pki", "agents", "inventory.d")


class Place(NamedTuple):
    """Where a kind of files is: a folder, or one file. ``group``: who may read them beside root."""

    path: Path
    is_folder: bool = False
    group: str = ""


def places(settings: Settings, own: Path) -> dict[str, Place]:
    """Return where each kind is; ``own`` is the file of the settings."""
    path = Path(settings.inventory)
    return {
        SETTINGS: Place(own),
        "aggregator": Place(own.parent / "aggregator.toml"),
        "inventory": Place(path),
        "inventory.d": Place(inventory.folder_of(path), is_folder=True),
        "pki": Place(Path(settings.pki), is_folder=True),
        "agents": Place(Path(settings.agents), is_folder=True),
        "centre": Place(
            Path(settings.centre_folder), is_folder=True, group=settings.aggregator_group
        ),
        "broker": Place(Path(settings.broker_folder), is_folder=True, group=settings.broker_group),
        "acl": Place(Path(settings.acl_file), group=settings.broker_group),
        "nftables": Place(Path(settings.nftables_file)),
    }


def collect(where: Mapping[str, Place]) -> dict[str, Stored]:
    """Read all files.

    Raises:
        ConfigError: one can not be read.
    """
    files = {}
    for kind, place in where.items():
        for path, name in _files(kind, place):
            try:
                content, found = read_regular(path, _BYTES_MAX), path.stat()
                files[name] = Stored(content, found.st_mode & 0o777, _group_of(found.st_gid))
            except (OSError, ValueError) as error:
                raise unusable(path, error) from None
    return files


def put(files: Mapping[str, Stored], where: Mapping[str, Place]) -> list[Change]:
    """Return the files as they are to be on this machine; of kinds that it knows."""
    changes = []
    for name, stored in files.items():
        kind, _, rest = name.partition("/")
        place = where.get(kind)
        if place is not None and place.is_folder == bool(rest):
            path = place.path / rest if rest else place.path
            changes.append(Change(path, stored.content, stored.mode, stored.group or place.group))
    return sorted(changes, key=lambda change: change.path != where[SETTINGS].path)


def others(files: Mapping[str, Stored], where: Mapping[str, Place]) -> list[Change]:
    """Return the end of files that commands have written here, and that are not among ``files``.

    With them, a venue of another state would stay: in the inventory, and without a certificate.

    Raises:
        ConfigError: one can not be read.
    """
    return [
        Change(path, None)
        for kind in _OURS
        for path, name in _files(kind, where[kind])
        if name not in files and (kind != "inventory.d" or _is_made(path))
    ]


def _files(kind: str, place: Place) -> Iterator[tuple[Path, str]]:
    if not place.is_folder:
        if place.path.exists():
            yield place.path, kind
        return
    for path in sorted(place.path.rglob("*")):
        within = path.relative_to(place.path)
        if path.is_file() and not any(part.startswith(".") for part in within.parts):
            yield path, f"{kind}/{within.as_posix()}"


def _is_made(path: Path) -> bool:
    """Tell whether a command wrote a file of the inventory, damaged as it may be."""
    try:
        return fleet.is_file_of_ours(path)
    except ConfigError:
        return inventory_file.is_ours(path.read_text(errors="replace"))


def _group_of(number: int) -> str:
    """Return the name of a group that is not root's, as another machine knows it."""
    try:
        return grp.getgrgid(number).gr_name if number else ""
    except KeyError:
        return ""
