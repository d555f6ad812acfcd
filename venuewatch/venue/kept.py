"""The files of a centre that a backup has, by kind, and where the settings put each kind."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from aggregator import inventory
from venuewatch.base.config import unusable
from venuewatch.base.files import CONFIG_MAX, read_regular
from venuewatch.venue.archive import Stored
from venuewatch.venue.changes import Change
from venuewatch.venue.settings import Settings

REGISTER: Final = "pki/clients/issued.json"
SETTINGS: Final = "settings"


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
                files[name] = Stored(read_regular(path, CONFIG_MAX), path.stat().st_mode & 0o777)
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
            changes.append(Change(path, stored.content, stored.mode, place.group))
    return changes


def _files(kind: str, place: Place) -> Iterator[tuple[Path, str]]:
    if not place.is_folder:
        if place.path.exists():
            yield place.path, kind
        return
    for path in sorted(place.path.rglob("*")):
        within = path.relative_to(place.path)
        if path.is_file() and not any(part.startswith(".") for part in within.parts):
            yield path, f"{kind}/{within.as_posix()}"
