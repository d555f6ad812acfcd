"""Tiles of the overview: each venue at its own place, in the order of the inventory.

Operators learn where a venue stands, so nothing is ever sorted by how it is. Venues of one group
stand together; groups come in the order in which the inventory first names them.
"""

from collections.abc import Iterable, Mapping
from datetime import tzinfo
from typing import Final, Literal, NamedTuple, TypeAlias

from aggregator.core.incidents.alerts import Severity
from aggregator.core.states import HostState, VenueState
from aggregator.shell.http.api.venues import VenueLine
from aggregator.shell.http.page import ids, squares
from aggregator.shell.http.page.squares import Squares
from venuewatch.base import times
from venuewatch.base.times import Zoned

Level: TypeAlias = Literal["critical", "warning", "info", "unknown", "away", "unseen", "ok"]
"""How loud a thing is shown: its severity, else its state as far as that is worth a look."""

_LOUD: Final[Mapping[Severity, Level]] = {
    Severity.CRITICAL: "critical",
    Severity.WARNING: "warning",
}
_QUIET: Final[Mapping[str, Level]] = {
    VenueState.UNKNOWN: "unknown",
    VenueState.AWAY: "away",
    VenueState.UNSEEN: "unseen",
}
_SAID_OF_OTHERS: Final = (
    HostState.LATE,
    HostState.DOWN,
    HostState.UNREACHABLE,
    HostState.UNKNOWN,
    HostState.AWAY,
    HostState.UNSEEN,
)

MANY: Final = 60
"""With more venues than that, tiles are small."""


class Tile(NamedTuple):
    """One venue, ready to be shown. ``local``: its time, where it differs from the centre's."""

    id: str
    code: str
    name: str
    level: Level
    is_loud: bool
    sentence: str
    since: float | None
    squares: Squares
    local: Zoned | None
    local_offset_s: int


class Group(NamedTuple):
    """Tiles that stand together; without a ``name`` they are all."""

    name: str
    tiles: tuple[Tile, ...]


def level_of(severity: Severity | None, state: str) -> Level:
    """Return how loud a thing is that has this severity, if any, and this state."""
    if severity is not None and severity in _LOUD:
        return _LOUD[severity]
    return _QUIET.get(state) or ("ok" if severity is None else "info")


def tile_of(venue: VenueLine, at: float, zone: tzinfo | None) -> Tile:
    """Return the tile of a venue at a time, for a centre in ``zone``."""
    level = level_of(venue.severity, venue.state)
    there = times.zone_of(venue.timezone)
    differs = there is not None and times.offset_s(there, at) != times.offset_s(zone, at)
    return Tile(
        ids.tile(venue.venue),
        venue.venue,
        venue.name or venue.town,
        level,
        level in {"critical", "warning", "info"},
        venue.sentence or sentence_of(venue),
        venue.since,
        squares.draw(venue.states),
        times.zoned(at, there, at) if differs else None,
        times.offset_s(there, at) if differs else 0,
    )


def sentence_of(venue: VenueLine) -> str:
    """Return the words for a venue of which nothing is told: how many of its hosts are up."""
    total = len(venue.states)
    if not total:
        return "no hosts"
    up = venue.counts.get(HostState.UP, 0)
    others = [
        f"{venue.counts[state]} {state}" for state in _SAID_OF_OTHERS if venue.counts.get(state)
    ]
    return ", ".join([f"{up} of {total} up", *others])


def groups_of(venues: Iterable[VenueLine], at: float, zone: tzinfo | None) -> tuple[Group, ...]:
    """Return the tiles of all venues, group by group."""
    groups: dict[str, list[Tile]] = {}
    for venue in venues:
        groups.setdefault(venue.group, []).append(tile_of(venue, at, zone))
    return tuple(Group(name, tuple(tiles)) for name, tiles in groups.items())
