"""Page that refuses a request in one line."""

from http import HTTPStatus

from aggregator.shell.http.page.problems import Picture
from aggregator.shell.http.page.render import Renderer


def page(renderer: Renderer, picture: Picture, status: HTTPStatus, line: str) -> str:
    """Return the page."""
    context = {"status": int(status), "title": status.phrase, "line": line}
    return renderer.page("error.html", picture, context)
