"""Tiles of the overview: each venue at its own place, in the order of the inventory.

Operators learn where a venue stands, so nothing is ever sorted by how it is. Venues of one group
stand together; groups come in the order in which the inventory first names them.
"""

from collections.abc import Iterable, Sequence
from datetime import tzinfo
from typing import Literal, NamedTuple, TypeAlias

from aggregator.shell.http.page import ids, squares, words
from aggregator.shell.http.page.model import Severity, VenueJson
from aggregator.shell.http.page.squares import Squares
from aggregator.shell.http.page.words import Zoned

Level: TypeAlias = Literal["critical", "warning", "info", "unknown", "away", "unseen", "ok"]
"""How loud a tile is: its severity, else its state as far as that is worth a look."""

_QUIET: dict[str, Level] = {"unknown": "unknown", "away": "away", "unseen": "unseen"}

MANY = 60
"""From so many venues on, tiles are small."""


class Tile(NamedTuple):
    """One venue, ready to be shown. ``local``: its time, where it differs from the centre's."""

    id: str
    code: str
    name: str
    level: Level
    severity: Severity | None
    sentence: str
    since: float | None
    squares: Squares
    local: Zoned | None
    local_offset_s: int


class Group(NamedTuple):
    """Tiles that stand together; without a ``name`` they are all."""

    name: str
    tiles: tuple[Tile, ...]


def level_of(venue: VenueJson) -> Level:
    """Return how loud a venue is."""
    if venue.severity in {"critical", "warning"}:
        return venue.severity
    return _QUIET.get(venue.state) or venue.severity or "ok"


def tile_of(venue: VenueJson, at: float, zone: tzinfo | None) -> Tile:
    """Return the tile of a venue at a time, for a centre in ``zone``."""
    states = [host.state for host in venue.hosts]
    level = level_of(venue)
    there = words.zone_of(venue.timezone)
    differs = there is not None and words.offset_s(there, at) != words.offset_s(zone, at)
    return Tile(
        ids.tile(venue.venue),
        venue.venue,
        venue.name or venue.town,
        level,
        venue.severity,
        venue.sentence or sentence_of(venue, states),
        venue.since,
        squares.draw(states),
        words.zoned(at, there, at) if differs else None,
        words.offset_s(there, at) if differs else 0,
    )


def sentence_of(venue: VenueJson, states: Sequence[str]) -> str:
    """Return the words of a venue without an incident: how many of its hosts are up."""
    if not states:
        return "no hosts"
    if venue.state == "unknown":
        return "not known: the monitor can not hear"
    up = sum(state in {"up", "late"} for state in states)
    others = [f"{states.count(state)} {state}" for state in ("away", "unseen") if state in states]
    return ", ".join([f"{up} of {len(states)} up", *others])


def groups_of(venues: Iterable[VenueJson], at: float, zone: tzinfo | None) -> tuple[Group, ...]:
    """Return the tiles of all venues, group by group."""
    groups: dict[str, list[Tile]] = {}
    for venue in venues:
        groups.setdefault(venue.group, []).append(tile_of(venue, at, zone))
    return tuple(Group(name, tuple(tiles)) for name, tiles in groups.items())
