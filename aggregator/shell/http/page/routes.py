"""Routes of the pages: each path, what it asks, and the page that answers.

A request for what is not there, or in a way that is not known, gets a page that says so in a line.
All that ask within ``KEPT_S`` are shown the same moment: five hundred pages that load at once after
an outage cost the fleet's state once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, Final, TypeAlias

import msgspec
from aiohttp import web

from aggregator.shell.http.api.incidents import IncidentsQuery
from aggregator.shell.http.api.paging import NoQuery, query_of
from aggregator.shell.http.api.problem import NotFoundError
from aggregator.shell.http.api.routes import Api
from aggregator.shell.http.api.search import FoundPage
from aggregator.shell.http.api.view import View
from aggregator.shell.http.page import headers
from aggregator.shell.http.page.assets import PATH
from aggregator.shell.http.page.problems import Picture
from aggregator.shell.http.page.render import Renderer
from aggregator.shell.http.page.views import (
    error,
    host,
    incident,
    incidents,
    overview,
    search,
    venue,
    wall,
)
from aggregator.shell.http.page.views import map as map_view
from venuewatch.base import clock
from venuewatch.base.refusals import unknown

KEPT_S: Final = 0.5
"""How long (s) a picture of all, and a page that is the same for all, is used again."""

Show: TypeAlias = Callable[[web.Request, Picture], Awaitable[str]]


class WallQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``page``: the page of the wall to begin with."""

    page: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1


class FindQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``q``: the text to look for; an empty one finds nothing."""

    q: Annotated[str, msgspec.Meta(max_length=100)] = ""


class PageRoutes:
    """Answers the paths of the pages."""

    def __init__(self, renderer: Renderer, view: View, api: Api) -> None:
        self._renderer = renderer
        self._view = view
        self._api = api
        self._picture: tuple[float, Picture] | None = None
        self._kept: dict[str, tuple[float, str]] = {}
        self._turn = asyncio.Lock()

    def add_to(self, app: web.Application) -> None:
        """Serve the pages with ``app``, under the root of the external address, too."""
        shows: dict[str, Show] = {
            "/": self._overview,
            "/wall": self._wall,
            "/map": self._map,
            "/venues/{venue}": self._venue,
            "/hosts/{host}": self._host,
            "/incidents": self._incidents,
            "/incidents/{number}": self._incident,
            "/search": self._search,
        }
        for root in dict.fromkeys(("", self._renderer.root)):
            for path, show in shows.items():
                app.router.add_get(root + path, self._handler(show))
            app.router.add_get(f"{root}{PATH}{{name}}", self._renderer.assets.serve)

    async def picture(self) -> Picture:
        """Return how all stands, at most ``KEPT_S`` ago."""
        async with self._turn:
            now = clock.monotonic()
            if self._picture is None or now - self._picture[0] > KEPT_S:
                venues = await self._view.venues_in_turn(self._view.codes)
                known = Picture(self._view.centre(), venues, self._view.open_incidents())
                self._picture = (now, known)
            return self._picture[1]

    def _handler(self, show: Show) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            picture = await self.picture()
            status = HTTPStatus.OK
            try:
                html = await show(request, picture)
            except NotFoundError as refused:
                status = HTTPStatus.NOT_FOUND
                html = error.page(self._renderer, picture, status, str(refused))
            except ValueError as refused:
                status = HTTPStatus.BAD_REQUEST
                html = error.page(self._renderer, picture, status, str(refused))
            return await headers.answer(request, status, html)

        return handle

    async def _same_for_all(self, name: str, make: Callable[[], str]) -> str:
        """Return a page that many ask for, made once within ``KEPT_S``, in a thread."""
        async with self._turn:
            now = clock.monotonic()
            kept = self._kept.get(name)
            if kept is None or now - kept[0] > KEPT_S:
                self._kept = {
                    other: page for other, page in self._kept.items() if now - page[0] <= KEPT_S
                }
                kept = self._kept[name] = (now, await asyncio.to_thread(make))
            return kept[1]

    async def _overview(self, request: web.Request, picture: Picture) -> str:
        query_of(request.query.items(), NoQuery)
        return await self._same_for_all("/", lambda: overview.page(self._renderer, picture))

    async def _wall(self, request: web.Request, picture: Picture) -> str:
        number = query_of(request.query.items(), WallQuery).page
        return await self._same_for_all(
            f"/wall {number}", lambda: wall.page(self._renderer, picture, number)
        )

    async def _map(self, request: web.Request, picture: Picture) -> str:
        query_of(request.query.items(), NoQuery)
        return await self._same_for_all("/map", lambda: map_view.page(self._renderer, picture))

    async def _venue(self, request: web.Request, picture: Picture) -> str:
        query_of(request.query.items(), NoQuery)
        code = request.match_info["venue"]
        shown = self._view.venue(code)
        if shown is None:
            raise NotFoundError(unknown("venue", code, self._view.codes))
        return venue.page(self._renderer, picture, shown)

    async def _host(self, request: web.Request, picture: Picture) -> str:
        query_of(request.query.items(), NoQuery)
        shown = await self._api.host(request.match_info["host"])
        return host.page(self._renderer, picture, shown)

    async def _incidents(self, request: web.Request, picture: Picture) -> str:
        given = [(name, value) for name, value in request.query.items() if value]
        wanted = query_of(given, IncidentsQuery)
        known = await self._api.incidents(wanted)
        return incidents.page(self._renderer, picture, known, wanted, self._view.codes)

    async def _incident(self, request: web.Request, picture: Picture) -> str:
        query_of(request.query.items(), NoQuery)
        shown = await self._api.incident(request.match_info["number"])
        at_venue = self._view.venue(shown.venue) if shown.venue else None
        return incident.page(self._renderer, picture, shown, at_venue)

    async def _search(self, request: web.Request, picture: Picture) -> str:
        text = query_of(request.query.items(), FindQuery).q.strip()
        found = await self._api.search(text) if text else FoundPage((), more=False)
        return search.page(self._renderer, picture, text, found)
