"""Overview: a tile a venue, the monitor's own, and the problems beside them."""

from aggregator.shell.http.page import problems, tiles
from aggregator.shell.http.page.problems import Picture
from aggregator.shell.http.page.render import Renderer


def page(renderer: Renderer, picture: Picture) -> str:
    """Return the overview."""
    groups = tiles.groups_of(picture.venues, picture.at, renderer.zone)
    context = {"groups": groups, "listed": problems.listed(picture)}
    return renderer.page("overview.html", picture, context)
