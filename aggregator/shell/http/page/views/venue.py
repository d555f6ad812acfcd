"""Page of a venue: how it stands, its problems, its hosts."""

from aggregator.shell.http.api.venues import VenueView
from aggregator.shell.http.page import problems, tiles
from aggregator.shell.http.page.problems import Picture
from aggregator.shell.http.page.render import Renderer


def article(renderer: Renderer, venue: VenueView, at: float) -> str:
    """Return the content of the page."""
    return renderer.article("venue-article.html", at, _context(renderer, venue, at))


def page(renderer: Renderer, picture: Picture, venue: VenueView) -> str:
    """Return the page."""
    return renderer.page("venue.html", picture, _context(renderer, venue, picture.at))


def _context(renderer: Renderer, venue: VenueView, at: float) -> dict[str, object]:
    return {
        "venue": venue,
        "tile": tiles.tile_of(venue, at, renderer.zone),
        "problems": [problems.problem_of(one) for one in venue.open],
    }
