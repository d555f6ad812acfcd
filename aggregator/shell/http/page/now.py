"""Fragments of now: the HTML of an element by its id, from how things stand at one moment.

A stream asks for the ids that a change touches (``ids.py``). What an id names may be gone: then
there is no fragment.
"""

import asyncio
from collections.abc import Callable
from functools import cached_property
from typing import Final, TypeVar

from aggregator.shell.http.api.incidents import IncidentWhole
from aggregator.shell.http.api.paging import number_of
from aggregator.shell.http.api.venues import VenueLine
from aggregator.shell.http.api.view import View
from aggregator.shell.http.changes import Changes
from aggregator.shell.http.page import ids
from aggregator.shell.http.page.fragments import Render
from aggregator.shell.http.page.problems import Picture
from aggregator.shell.http.page.render import Renderer
from aggregator.shell.http.page.views import host, incident, venue
from aggregator.shell.http.page.views import map as map_view

T = TypeVar("T")

_VENUES_AT_ONCE = 20


class Now:
    """Renders what ``view`` shows at one moment; of each thing only what is asked for.

    ``incident_now``: an incident with its timeline, without what only the journal knows.
    """

    def __init__(
        self,
        renderer: Renderer,
        view: View,
        incident_now: Callable[[int], IncidentWhole | None],
    ) -> None:
        self._renderer = renderer
        self._view = view
        self._incident_now = incident_now

    @cached_property
    def picture(self) -> Picture:
        """How all stands."""
        return Picture(self._view.centre(), self._view.venues(), self._view.open_incidents())

    @cached_property
    def _by_code(self) -> dict[str, VenueLine]:
        return {line.venue: line for line in self.picture.venues}

    def fragment(self, element: str) -> str | None:
        """Return the HTML of an element by its id; None if there is none."""
        fixed = _FIXED.get(element)
        if fixed is not None:
            return fixed(self)
        kind, _, name = element.partition("-")
        made = _OF_ONE.get(kind)
        return made(self, name) if made is not None and name else None

    def head(self) -> str:
        """Return the counts of the head."""
        return self._renderer.head(self.picture)

    def problems(self) -> str:
        """Return the list of problems."""
        return self._renderer.problem_list(self.picture)

    def monitor(self) -> str:
        """Return the tile of the monitor itself."""
        return self._renderer.monitor(self.picture.centre)

    def tile(self, code: str) -> str | None:
        """Return a venue's tile."""
        line = self._by_code.get(code)
        return None if line is None else self._renderer.tile(line, self.picture.at)

    def mark(self, code: str) -> str | None:
        """Return a venue's mark on the map."""
        return map_view.mark(self._renderer, self.picture.venues, code)

    def row(self, name: str) -> str | None:
        """Return a host in the list of its venue."""
        lines = self._view.hosts([name])
        return self._renderer.row(lines[0], self.picture.at) if lines else None

    def problem(self, number: str) -> str | None:
        """Return an incident in a list."""
        known = _number(number, self._view.incident)
        return None if known is None else self._renderer.problem(known, self.picture.at)

    def venue(self, code: str) -> str | None:
        """Return the content of a venue's page."""
        shown = self._view.venue(code)
        return None if shown is None else venue.article(self._renderer, shown, self.picture.at)

    def host(self, name: str) -> str | None:
        """Return the content of a host's page, without its last day."""
        shown = self._view.host(name)
        return None if shown is None else host.article(self._renderer, shown, self.picture.at)

    def incident(self, number: str) -> str | None:
        """Return the content of an incident's page."""
        known = _number(number, self._incident_now)
        if known is None:
            return None
        here = self._view.venue(known.venue) if known.venue else None
        around = incident.Around(here, self.picture.centre, self.picture.incidents)
        return incident.article(self._renderer, known, around)


def _number(text: str, find: Callable[[int], T | None]) -> T | None:
    number = number_of(text)
    return None if number is None else find(number)


_FIXED: Final[dict[str, Callable[[Now], str]]] = {
    ids.HEAD: Now.head,
    ids.PROBLEMS: Now.problems,
    ids.MONITOR: Now.monitor,
}
_OF_ONE: Final[dict[str, Callable[[Now, str], str | None]]] = {
    ids.tile("").rstrip("-"): Now.tile,
    ids.mark("").rstrip("-"): Now.mark,
    ids.row("").rstrip("-"): Now.row,
    "i": Now.problem,
    ids.venue_page("").rstrip("-"): Now.venue,
    ids.host_page("").rstrip("-"): Now.host,
    "incident": Now.incident,
}


class Looks:
    """Looks at the fleet for a stream: at each venue only when it has changed."""

    def __init__(
        self,
        renderer: Renderer,
        view: View,
        incident_now: Callable[[int], IncidentWhole | None],
    ) -> None:
        self._renderer = renderer
        self._view = view
        self._incident_now = incident_now
        self._lines: dict[str, VenueLine] = {}

    async def renders(self, changes: Changes) -> Render:
        """Return what renders fragments of now, after ``changes`` since it was asked before.

        The loop goes on while it looks at the fleet. A line is kept as soon as it is read, so of
        two that look at a time none keeps an older one.
        """
        codes = self._view.codes
        wanted = [
            code
            for code in codes
            if changes.is_centre or code in changes.venues or code not in self._lines
        ]
        for start in range(0, len(wanted), _VENUES_AT_ONCE):
            found = self._view.venues(wanted[start : start + _VENUES_AT_ONCE])
            self._lines.update((line.venue, line) for line in found)
            await asyncio.sleep(0)
        for gone in self._lines.keys() - set(self._view.codes):
            del self._lines[gone]
        lines = [self._lines[code] for code in codes if code in self._lines]
        made = Now(self._renderer, self._view, self._incident_now)
        made.picture = Picture(self._view.centre(), lines, self._view.open_incidents())
        return made.fragment
