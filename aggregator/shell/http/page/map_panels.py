"""Panels of the map: where each venue's mark is drawn, with insets where venues crowd.

1. Venues that are far from all others (``REGION_KM``) have a panel of their own.
2. Within a panel, venues that stand so close that their marks would cover one another are a crowd:
   a ring stands for them, and a panel of their own follows.
3. Each mark's label goes to the first side where it covers nothing; the panel tells the rest.

Places are projected at equal distances around the middle of each panel. Units are those of SVG.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import count
from typing import Final, NamedTuple, TypeAlias

REGION_KM: Final = 1_500.0
CROWD_SHARE: Final = 0.055
"""Venues nearer than this share of the panel's width crowd."""

CROWD_MIN: Final = 4
WIDTH: Final = 800
HEIGHT_MIN, HEIGHT_MAX = 360, 800
DEGREE_UNITS: Final = 100
"""The outline of the land has this many units a degree; its y grows to the south."""

_MARGIN = 50
_APART = 12  # units; a mark and a place on either side of it
_SPAN_MIN_KM = 1.0
_DEGREE_KM = 111.195  # of latitude, on a sphere of 6371 km
_DEPTH_MAX = 4
_LETTER, _LINE = 9, 14


class Place(NamedTuple):
    """A venue, and where it is, in degrees."""

    code: str
    town: str
    lat: float
    lon: float


class Spot(NamedTuple):
    """The place of a mark and of its label."""

    code: str
    x: float
    y: float
    text_x: float
    text_y: float
    anchor: str


class Ring(NamedTuple):
    """A ring that stands for a crowd, and its label."""

    x: float
    y: float
    r: float
    text_x: float
    text_y: float
    text: str


class Panel(NamedTuple):
    """One picture. ``land``: the transform that puts the outline of the land under it."""

    title: str
    scale: str
    view: str
    land: str
    spots: tuple[Spot, ...]
    rings: tuple[Ring, ...]


class _Projected(NamedTuple):
    place: Place
    x: float
    y: float


class _Scale(NamedTuple):
    """Units a km, and the units of the origin."""

    scale: float
    x: float
    y: float


_Mark: TypeAlias = tuple[str, float, float]
_Box: TypeAlias = tuple[float, float, float, float]


@lru_cache(maxsize=4)
def panels_of(places: tuple[Place, ...]) -> tuple[Panel, ...]:
    """Return the panels for all places, the one with the most venues first."""
    regions = sorted(_clusters(_in_km(places), REGION_KM), key=len, reverse=True)
    panels: list[Panel] = []
    for region in regions:
        known = [one.place for one in region]
        title = "Overview" if not panels else _around(known)
        panels += _panels(known, title, 0)
    return tuple(panels)


def _in_km(places: Sequence[Place]) -> list[_Projected]:
    lat0 = sum(place.lat for place in places) / max(1, len(places))
    shrink = math.cos(math.radians(lat0))
    return [
        _Projected(place, place.lon * shrink * _DEGREE_KM, -place.lat * _DEGREE_KM)
        for place in places
    ]


def _clusters(known: Sequence[_Projected], near_km: float) -> list[list[_Projected]]:
    """Return what hangs together by steps of at most ``near_km``, in order of the first of each."""
    left = list(known)
    clusters: list[list[_Projected]] = []
    while left:
        cluster = [left.pop(0)]
        for one in cluster:  # it grows while it is walked through
            near = [two for two in left if math.hypot(two.x - one.x, two.y - one.y) <= near_km]
            if near:
                cluster += near
                taken = {id(two) for two in near}
                left = [two for two in left if id(two) not in taken]
        clusters.append(cluster)
    return clusters


def _panels(places: Sequence[Place], title: str, depth: int) -> Iterator[Panel]:
    """Yield the panel of these places, and one for each crowd in it."""
    known = _in_km(places)
    span, height, to = _fitted(known)
    crowds = [
        crowd
        for crowd in _clusters(known, span * CROWD_SHARE)
        if CROWD_MIN <= len(crowd) < len(known) and depth < _DEPTH_MAX
    ]
    crowded = {one.place.code for crowd in crowds for one in crowd}
    alone = _apart(
        (one.place.code, one.x * to.scale + to.x, one.y * to.scale + to.y)
        for one in known
        if one.place.code not in crowded
    )
    rings = tuple(_ringed(crowds, alone, to))
    yield Panel(
        title,
        f"{span:.0f} km across",
        f"0 0 {WIDTH} {height}",
        _land_transform(places, to),
        tuple(_labelled(alone, rings)),
        rings,
    )
    for crowd in crowds:
        inner = [one.place for one in crowd]
        yield from _panels(inner, _around(inner), depth + 1)


def _fitted(known: Sequence[_Projected]) -> tuple[float, int, _Scale]:
    """Return how far (km) places reach, a panel's height, and the scale that puts them in it."""
    left, right = min(one.x for one in known), max(one.x for one in known)
    top, bottom = min(one.y for one in known), max(one.y for one in known)
    wide, high = max(right - left, _SPAN_MIN_KM), max(bottom - top, _SPAN_MIN_KM)
    scale = min((WIDTH - 2 * _MARGIN) / wide, (HEIGHT_MAX - 2 * _MARGIN) / high)
    height = round(min(HEIGHT_MAX, max(HEIGHT_MIN, (bottom - top) * scale + 2 * _MARGIN)))
    x = WIDTH / 2 - (left + right) / 2 * scale
    return max(wide, high), height, _Scale(scale, x, height / 2 - (top + bottom) / 2 * scale)


def _apart(marks: Iterable[_Mark]) -> list[_Mark]:
    """Return marks moved to the nearest free place beside them, where they would cover others."""
    taken: set[tuple[int, int]] = set()
    found = []
    for code, x, y in marks:
        column, row = round(x / _APART), round(y / _APART)
        step = next(each for each in _around_it() if (column + each[0], row + each[1]) not in taken)
        place = (column + step[0], row + step[1])
        taken.update(
            (place[0] + right, place[1] + down) for right in (-1, 0, 1) for down in (-1, 0, 1)
        )
        is_moved = step != (0, 0)
        found.append(
            (code, place[0] * _APART if is_moved else x, place[1] * _APART if is_moved else y)
        )
    return found


def _around_it() -> Iterator[tuple[int, int]]:
    """Yield steps from a place, the nearest first: itself, those beside it, and so on."""
    yield (0, 0)
    for reach in count(1):
        ring = range(-reach, reach + 1)
        yield from sorted(
            ((x, y) for x in ring for y in ring if max(abs(x), abs(y)) == reach),
            key=lambda step: (abs(step[0]) + abs(step[1]), step),
        )


def _ringed(
    crowds: Sequence[Sequence[_Projected]], alone: Sequence[_Mark], to: _Scale
) -> Iterator[Ring]:
    """Yield a ring for each crowd, with its label above or below, where it covers less."""
    taken = [(x - 9, y - 9, x + 9, y + 9) for _, x, y in alone]
    circles = [_circle(crowd, to) for crowd in crowds]
    taken += [(x - r, y - r, x + r, y + r) for x, y, r in circles]
    for crowd, (x, y, r) in zip(crowds, circles, strict=True):
        text = f"{len(crowd)} venues: {_around([one.place for one in crowd])}"
        lines = {line: _label_box(text, x, line) for line in (y - r - 6, y + r + _LINE + 2)}
        best = min(lines, key=lambda line: sum(_overlap(lines[line], each) for each in taken))
        taken.append(lines[best])
        yield Ring(_unit(x), _unit(y), _unit(r), _unit(x), _unit(best), text)


def _circle(crowd: Sequence[_Projected], to: _Scale) -> tuple[float, float, float]:
    """Return the middle of a crowd's ring, and its radius."""
    x = sum(one.x for one in crowd) / len(crowd)
    y = sum(one.y for one in crowd) / len(crowd)
    reach = max(math.hypot(one.x - x, one.y - y) for one in crowd)
    return x * to.scale + to.x, y * to.scale + to.y, reach * to.scale + 12


def _around(places: Sequence[Place]) -> str:
    towns = Counter(place.town for place in places if place.town)
    return f"around {towns.most_common(1)[0][0]}" if towns else f"{len(places)} venues"


def _land_transform(places: Sequence[Place], to: _Scale) -> str:
    lat0 = sum(place.lat for place in places) / len(places)
    unit = _DEGREE_KM / DEGREE_UNITS * to.scale
    shrink = math.cos(math.radians(lat0))
    return f"matrix({unit * shrink:.6g} 0 0 {unit:.6g} {to.x:.1f} {to.y:.1f})"


def _labelled(alone: Sequence[_Mark], rings: Sequence[Ring]) -> Iterator[Spot]:
    """Yield each mark with its label at the first side where it covers no mark, label or ring."""
    taken = [(x - 9, y - 9, x + 9, y + 9) for _, x, y in alone]
    for ring in rings:
        taken.append((ring.x - ring.r, ring.y - ring.r, ring.x + ring.r, ring.y + ring.r))
        taken.append(_label_box(ring.text, ring.text_x, ring.text_y))
    for code, x, y in alone:
        wide = _LETTER * len(code)
        sides = [
            ("start", x + 11, y + 5, (x + 10, y - 8, x + 11 + wide, y + 8)),
            ("end", x - 11, y + 5, (x - 11 - wide, y - 8, x - 10, y + 8)),
            ("middle", x, y - 12, (x - wide / 2, y - 12 - _LINE, x + wide / 2, y - 10)),
            ("middle", x, y + 22, (x - wide / 2, y + 10, x + wide / 2, y + 24)),
        ]
        free = (side for side in sides if _is_free(side[3], taken))
        anchor, text_x, text_y, box = next(free, sides[0])
        taken.append(box)
        yield Spot(code, _unit(x), _unit(y), _unit(text_x), _unit(text_y), anchor)


def _unit(value: float) -> float:
    return round(value, 1)


def _label_box(text: str, x: float, line: float) -> _Box:
    half = _LETTER * len(text) / 2.4
    return (x - half, line - _LINE, x + half, line + 3)


def _is_free(box: _Box, taken: Sequence[_Box]) -> bool:
    is_inside = box[0] >= 0 and box[2] <= WIDTH
    return is_inside and not any(_overlap(box, other) for other in taken)


def _overlap(one: _Box, two: _Box) -> bool:
    return one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]
