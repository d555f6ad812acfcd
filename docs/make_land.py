"""Make the outline of the land for the page's map, once, from Natural Earth.

    npm pack world-atlas@2.0.2 && tar -xzf world-atlas-2.0.2.tgz
    python docs/make_land.py package/land-50m.json

Natural Earth's data is in the public domain (naturalearthdata.com, version 4.1, 1:50m); world-atlas
packs it as TopoJSON (ISC licence). The outline is thinned to about 4 km, and small islands are left
out.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

TARGET = Path(__file__).parents[1] / "aggregator/shell/http/page/static/land.svg"
UNITS = 100  # a degree; map_panels.DEGREE_UNITS
TOLERANCE = 4.0  # units by which the outline may move: 4 km
SMALLEST = 12.0  # square units; Tahiti has about 900

Point: TypeAlias = tuple[float, float]


def arcs_of(topology: dict[str, Any]) -> list[list[Point]]:
    """Return the arcs of a topology, in units, y to the south."""
    (scale_x, scale_y), (move_x, move_y) = (
        topology["transform"][name] for name in ("scale", "translate")
    )
    arcs = []
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append(((x * scale_x + move_x) * UNITS, -(y * scale_y + move_y) * UNITS))
        arcs.append(points)
    return arcs


def rings_of(topology: dict[str, Any]) -> Iterator[list[Point]]:
    """Yield every ring of the land."""
    arcs = arcs_of(topology)
    for geometry in topology["objects"]["land"]["geometries"]:
        polygons = geometry["arcs"]
        for polygon in polygons if geometry["type"] == "MultiPolygon" else [polygons]:
            for ring in polygon:
                points: list[Point] = []
                for number in ring:
                    arc = arcs[number] if number >= 0 else arcs[~number][::-1]
                    points += arc[1:] if points else arc
                yield points


def thinned(points: Sequence[Point]) -> list[Point]:
    """Return those points without which the line would move too far (Douglas and Peucker, 1973)."""
    kept = {0, len(points) - 1}
    spans = [(0, len(points) - 1)]
    while spans:
        first, last = spans.pop()
        (x1, y1), (x2, y2) = points[first], points[last]
        length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
        farthest, reach = 0, TOLERANCE
        for place in range(first + 1, last):
            x, y = points[place]
            if length:
                distance = abs((x2 - x1) * (y1 - y) - (x1 - x) * (y2 - y1)) / length
            else:
                distance = ((x - x1) ** 2 + (y - y1) ** 2) ** 0.5
            if distance > reach:
                farthest, reach = place, distance
        if farthest:
            kept.add(farthest)
            spans += [(first, farthest), (farthest, last)]
    return [points[place] for place in sorted(kept)]


def area(points: Sequence[Point]) -> float:
    """Return the area of a ring, in square units."""
    pairs = zip(points, [*points[1:], points[0]], strict=True)
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairs)) / 2


def path_of(points: Sequence[Point]) -> str:
    """Return a ring as a path of whole units, relative to where it begins."""
    x, y = round(points[0][0]), round(points[0][1])
    steps = [f"M{x} {y}l"]
    for next_x, next_y in points[1:-1]:
        dx, dy = round(next_x) - x, round(next_y) - y
        if dx or dy:
            steps.append(f"{dx}{dy}" if dy < 0 else f"{dx} {dy}")
            steps.append(" ")
        x, y = x + dx, y + dy
    return "".join(steps).rstrip() + "z"


def main() -> None:
    """Write the outline."""
    topology = json.loads(Path(sys.argv[1]).read_bytes())
    rings = [thinned(ring) for ring in rings_of(topology) if area(ring) >= SMALLEST]
    path = "".join(path_of(ring) for ring in rings if len(ring) > 3)  # noqa: PLR2004 - a triangle, closed
    TARGET.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg"><!-- Natural Earth 1:50m, public domain; made by'
        f' docs/make_land.py --><path id="land" d="{path}"/></svg>\n',
        encoding="utf-8",
    )
    print(f"{len(rings)} rings, {TARGET.stat().st_size:,} bytes")


main()
