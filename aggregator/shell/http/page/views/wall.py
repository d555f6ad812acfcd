"""Wall: the overview for a big screen, without controls; it turns its pages if there are more."""

from typing import Final

from aggregator.shell.http.page import problems, tiles
from aggregator.shell.http.page.problems import Picture
from aggregator.shell.http.page.render import Renderer

TURN_S: Final = 15
"""So long (s) a page of the wall is shown."""

SHAPES: Final = (("small", 12), ("usual", 40), ("large", 60))
"""Shapes of a page by name, and how many tiles fit; the style sheet has their rows and columns."""


def pages_of(count: int) -> tuple[str, int, int]:
    """Return the shape for so many tiles, how many a page has, and how many pages there are."""
    shape, fit = next((each for each in SHAPES if count <= each[1]), SHAPES[-1])
    return shape, fit, max(1, -(-count // fit))


def page(renderer: Renderer, picture: Picture, number: int = 1) -> str:
    """Return the wall; ``number`` is the page of it that is shown first."""
    known = [
        tile
        for group in tiles.groups_of(picture.venues, picture.at, renderer.zone)
        for tile in group.tiles
    ]
    shape, fit, pages = pages_of(len(known) + 1)  # the monitor has a tile, too
    context = {
        "wall": [known[start : start + fit] for start in range(0, pages * fit, fit)],
        "shape": shape,
        "pages": pages,
        "number": min(max(1, number), pages),
        "turn_s": TURN_S,
        "listed": problems.listed(picture),
    }
    return renderer.page("wall.html", picture, context)
