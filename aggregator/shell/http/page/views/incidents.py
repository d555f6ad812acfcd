"""Page of all incidents, open and closed, the newest first, with a filter and pages."""

from collections.abc import Sequence
from urllib.parse import urlencode

from aggregator.shell.http.api.incidents import IncidentsPage, IncidentsQuery
from aggregator.shell.http.page import problems
from aggregator.shell.http.page.problems import Picture
from aggregator.shell.http.page.render import Renderer


def page(
    renderer: Renderer,
    picture: Picture,
    known: IncidentsPage,
    wanted: IncidentsQuery,
    codes: Sequence[str],
) -> str:
    """Return the page; ``known`` is what was found of what was ``wanted``."""
    chosen = {name: value for name in ("open", "venue") if (value := getattr(wanted, name))}
    context = {
        "wanted": wanted,
        "codes": codes,
        "lines": [problems.problem_of(one) for one in known.incidents],
        "newest": _path(renderer, chosen) if wanted.cursor else "",
        "older": _path(renderer, {**chosen, "cursor": known.next}) if known.next else "",
    }
    return renderer.page("incidents.html", picture, context)


def _path(renderer: Renderer, query: dict[str, str]) -> str:
    return f"{renderer.root}/incidents" + (f"?{urlencode(query)}" if query else "")
