"""Page of a search, for browsers without scripts and for links."""

from aggregator.shell.http.api.search import FoundPage
from aggregator.shell.http.page.problems import Picture
from aggregator.shell.http.page.render import Renderer


def page(renderer: Renderer, picture: Picture, text: str, found: FoundPage) -> str:
    """Return what a text has found."""
    return renderer.page("search.html", picture, {"q": text, "found": found})
