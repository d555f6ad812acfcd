"""Map: each venue at its place, with insets where they crowd, on an outline of the land."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from aggregator.shell.http.api.venues import VenueLine
from aggregator.shell.http.page import ids, map_panels, tiles
from aggregator.shell.http.page.map_panels import Panel, Place, Ring, Spot
from aggregator.shell.http.page.problems import Picture
from aggregator.shell.http.page.render import Renderer
from aggregator.shell.http.page.tiles import Level

LAND: Final = "land.svg"
"""The outline of the land, made by ``docs/make_land.py``; the map does without it."""


class Mark(NamedTuple):
    """A venue's mark: a shape of its level, and its code beside it."""

    id: str
    code: str
    level: Level
    sentence: str
    shape: str
    text_x: float
    text_y: float
    anchor: str


class Drawn(NamedTuple):
    """A panel with the marks of now.

    ``within``: its own number, and those of the panels around it. ``ringed``: the number of the
    panel for which each ring stands. So a style can show what is in a panel at its ring, too.
    """

    title: str
    scale: str
    view: str
    land: str
    rings: tuple[Ring, ...]
    marks: tuple[Mark, ...]
    within: tuple[int, ...]
    ringed: tuple[int, ...]


def page(renderer: Renderer, picture: Picture) -> str:
    """Return the map."""
    by_code = {venue.venue: venue for venue in picture.venues}
    panels = _panels(picture.venues)
    placed = {spot.code for panel in panels for spot in panel.spots}
    context = {
        "panels": [
            Drawn(
                *panel[:4],
                panel.rings,
                tuple(_mark(spot, by_code[spot.code]) for spot in panel.spots),
                *numbers,
            )
            for panel, numbers in zip(panels, _numbered(panels), strict=True)
        ],
        "unplaced": [code for code in by_code if code not in placed],
        "land": renderer.root + renderer.assets.path(LAND) if renderer.assets.has(LAND) else "",
    }
    return renderer.page("map.html", picture, context)


def mark(renderer: Renderer, venues: Iterable[VenueLine], code: str) -> str | None:
    """Return the mark of one of the ``venues``, which are all; None if it has no place."""
    known = list(venues)
    for venue in known:
        if venue.venue == code:
            for spot in _spots(known):
                if spot.code == code:
                    return renderer.mark(_mark(spot, venue))
    return None


def _panels(venues: Iterable[VenueLine]) -> tuple[Panel, ...]:
    return map_panels.panels_of(
        tuple(
            Place(venue.venue, venue.town, venue.lat, venue.lon)
            for venue in venues
            if venue.lat is not None and venue.lon is not None
        )
    )


def _numbered(panels: Sequence[Panel]) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Yield of each panel the numbers of those it is within, and of those its rings stand for.

    A panel is followed by those of its rings, each with all that is within it.
    """
    within: list[tuple[int, ...]] = [()] * len(panels)
    ringed: list[list[int]] = [[] for _ in panels]
    waiting: list[int] = []  # a panel's number for each of its rings whose panel is still to come
    for number, panel in enumerate(panels):
        around = waiting.pop() if waiting else None
        if around is not None:
            ringed[around].append(number)
        within[number] = (*(() if around is None else within[around]), number)
        waiting += [number] * len(panel.rings)
    for number in range(len(panels)):
        yield within[number], tuple(ringed[number])


def _spots(venues: Iterable[VenueLine]) -> Iterator[Spot]:
    for panel in _panels(venues):
        yield from panel.spots


def _mark(spot: Spot, venue: VenueLine) -> Mark:
    level = tiles.level_of(venue.severity, venue.state)
    sentence = venue.sentence or tiles.sentence_of(venue)
    return Mark(
        ids.mark(venue.venue),
        venue.venue,
        level,
        sentence,
        _shape(level, spot.x, spot.y),
        spot.text_x,
        spot.text_y,
        spot.anchor,
    )


def _shape(level: Level, x: float, y: float) -> str:
    """Return the path of a mark around a point: the louder, the bigger, each with its own form."""
    match level:
        case "critical":
            return f"M{x} {y - 11}l11 20h-22z"
        case "warning":
            return f"M{x} {y - 10}l10 10-10 10-10-10z"
        case "info":
            return f"M{x - 7} {y - 5}h14v10h-14z"
        case "ok":
            return f"M{x - 4} {y - 4}h8v8h-8z"
        case _:
            return f"M{x - 5} {y}a5 5 0 1 0 10 0a5 5 0 1 0-10 0z"
