"""Routes of the API: what each path answers.

``ROUTES`` is the table. The description (``openapi.py``) is made from it, and from the structs that
it names.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final, NamedTuple, ParamSpec, TypeAlias, TypeVar

import msgspec
from aiohttp import hdrs, web

from aggregator.core.centre import Centre
from aggregator.core.states import HostState
from aggregator.shell.http.api.centre import CentreView
from aggregator.shell.http.api.events import ChangesEvent, JsonEvents, PulseEvent, SnapshotEvent
from aggregator.shell.http.api.hosts import SPAN_S, SPANS_MAX, HostView, Passage
from aggregator.shell.http.api.incidents import (
    IncidentsPage,
    IncidentsQuery,
    IncidentWhole,
    incident_of_record,
    page_of,
    view_of_record,
)
from aggregator.shell.http.api.openapi import Route, description
from aggregator.shell.http.api.paging import NoQuery, number_of, query_of
from aggregator.shell.http.api.problem import NotFoundError, refusal, refused
from aggregator.shell.http.api.record import incident_json
from aggregator.shell.http.api.search import FoundPage, SearchQuery
from aggregator.shell.http.api.timeline import timeline_of
from aggregator.shell.http.api.venues import VenuesPage, VenuesQuery, VenueView
from aggregator.shell.http.api.view import View
from aggregator.shell.http.fanout import Fanout, FullError
from aggregator.shell.journal.history import History
from aggregator.shell.told import Told
from aggregator.shell.walltime import WallTime
from venuewatch.base import clock
from venuewatch.base.refusals import unknown

P = ParamSpec("P")
T = TypeVar("T")

Answering: TypeAlias = Callable[
    [web.Request, Any], Awaitable[msgspec.Struct | web.StreamResponse | bytes]
]
"""Returns what a request, whose query is as the route says, is answered with."""

BASE: Final = "/api/v1"

ROUTES: Final = (
    Route("/centre", "How the centre itself is.", CentreView),
    Route("/venues", "Venues, in the order of the inventory.", VenuesPage, VenuesQuery),
    Route("/venues/{venue}", "One venue with its hosts and incidents.", VenueView),
    Route("/hosts/{host}", "All that is known of one host.", HostView),
    Route("/incidents", "Incidents, the newest first.", IncidentsPage, IncidentsQuery),
    Route("/incidents/{number}", "One incident with its timeline.", IncidentWhole),
    Route("/search", "What a text finds.", FoundPage, SearchQuery),
    Route(
        "/events",
        "How all stands, then each change.",
        SnapshotEvent | ChangesEvent | PulseEvent,
        is_stream=True,
    ),
    Route("/openapi.json", "This description.", dict[str, Any]),
)

_RETRY: Mapping[str, str] = {hdrs.RETRY_AFTER: "10"}
_HEADERS: Mapping[str, str] = {
    hdrs.CONTENT_TYPE: "application/json",
    hdrs.CACHE_CONTROL: "no-store",
}
_STATES = frozenset(HostState)


class Sources(NamedTuple):
    """What the API asks: the core, the journal, who was told, and the streams."""

    centre: Centre
    wall: WallTime
    view: View
    history: History
    told: Told
    fanout: Fanout


class Api:
    """Answers the paths under ``BASE``."""

    def __init__(self, sources: Sources) -> None:
        self._centre, self._wall, self._view, self._history, self._told, self._fanout = sources
        self._channel = JsonEvents(self._view).channel()
        self._fanout.add(self._channel)
        self._encode = msgspec.json.Encoder().encode
        self._description = b""
        self._turn = asyncio.Lock()

    def add_to(self, app: web.Application) -> None:
        """Serve the API with ``app``, and end all streams when that ends."""
        answering: Mapping[str, Answering] = {
            "/centre": self._centre_itself,
            "/venues": self._venues,
            "/venues/{venue}": self._venue,
            "/hosts/{host}": self._host,
            "/incidents": self._incidents,
            "/incidents/{number}": self._incident,
            "/search": self._search,
            "/events": self._events,
            "/openapi.json": self._describe,
        }
        for route in ROUTES:
            handler = self._handler(answering[route.path], route.query)
            app.router.add_get(BASE + route.path, handler, allow_head=not route.is_stream)
        app.on_shutdown.append(self._end_streams)

    def _handler(
        self, answer: Answering, query: type[msgspec.Struct]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """Return a handler that reads the query, and says what is wrong with a request."""

        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                found = await answer(request, query_of(request.query.items(), query))
            except (ValueError, NotFoundError) as error:
                return refused(request, error)
            except FullError as error:
                return refusal(request, HTTPStatus.SERVICE_UNAVAILABLE, error, _RETRY)
            if isinstance(found, web.StreamResponse):
                return found
            body = found if isinstance(found, bytes) else self._encode(found)
            return web.Response(body=body, headers=_HEADERS)

        return handle

    async def _end_streams(self, _app: web.Application) -> None:
        self._fanout.close()

    async def _in_turn(self, make: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Make in a thread what takes long, one at a time: other threads of the pool stay free."""
        async with self._turn:
            return await asyncio.to_thread(make, *args, **kwargs)

    async def _centre_itself(self, _request: web.Request, _query: NoQuery) -> CentreView:
        return self._view.centre()

    async def _venues(self, _request: web.Request, query: VenuesQuery) -> VenuesPage:
        codes = self._view.codes
        if query.cursor is not None:
            if query.cursor not in codes:
                raise NotFoundError("the venue of this cursor is not there any more")
            codes = codes[codes.index(query.cursor) + 1 :]
        lines = await self._view.venues_in_turn(codes)
        found = [line for line in lines if query.state in {None, line.state}]
        page = tuple(found[: query.limit])
        following = page[-1].venue if len(found) > query.limit else None
        return VenuesPage(page, self._view.centre(), following)

    async def _venue(self, request: web.Request, _query: NoQuery) -> VenueView:
        code = request.match_info["venue"]
        venue = self._view.venue(code)
        if venue is None:
            raise NotFoundError(unknown("venue", code, self._view.codes))
        return venue

    async def _host(self, request: web.Request, _query: NoQuery) -> HostView:
        return await self.host(request.match_info["host"])

    async def host(self, name: str) -> HostView:
        """Return all that is known of a host.

        Raises:
            NotFoundError: there is none of that name.
        """
        fleet = self._centre.fleet
        if fleet.find(name) is None:
            names = [host.name for host in fleet]
            raise NotFoundError(await self._in_turn(unknown, "host", name, names))
        view = self._view.host(name, await self._in_turn(self._passages, name))
        if view is None:  # it went meanwhile
            raise NotFoundError(unknown("host", name, ()))
        return view

    async def _incidents(self, _request: web.Request, query: IncidentsQuery) -> bytes:
        page = await self.incidents(query)
        return await self._in_turn(self._encode, page)

    async def incidents(self, query: IncidentsQuery) -> IncidentsPage:
        """Return a page of incidents.

        Raises:
            NotFoundError: there is no such venue.
            ValueError: the cursor is none.
        """
        if query.venue is not None and query.venue not in self._view.codes:
            raise NotFoundError(unknown("venue", query.venue, self._view.codes))
        before = None if query.cursor is None else int(query.cursor)
        known = self._centre.decisions.store.known()
        excuses = () if before else self._view.excuses(query.venue or "")

        def make() -> IncidentsPage:
            page = page_of(known, self._history, query, before, self._wall)
            return msgspec.structs.replace(page, excuses=excuses)

        return await self._in_turn(make)

    async def _incident(self, request: web.Request, _query: NoQuery) -> IncidentWhole:
        return await self.incident(request.match_info["number"])

    async def incident(self, text: str) -> IncidentWhole:
        """Return the incident whose number is in a text, with its timeline.

        Raises:
            NotFoundError: there is none.
        """
        number = number_of(text)
        if number is None:
            raise NotFoundError("expected an incident's number")
        incident = self._centre.decisions.store.find(number)
        record = None if incident is None else incident_json(incident, self._wall)
        if record is None:
            record = await self._in_turn(self._history.incident, number)
        if record is None:
            raise NotFoundError(f"no incident {number} is known")
        changes = await self._in_turn(self._history.changes, number)
        if incident is None:
            incident = incident_of_record(record, self._wall)
        told = view_of_record(record, self._wall)
        timeline = timeline_of(record, incident, changes, self._told.of(number))
        return IncidentWhole(**msgspec.structs.asdict(told), timeline=timeline)

    def incident_now(self, number: int) -> IncidentWhole | None:
        """Return an incident that is open or was closed lately, without the journal's changes."""
        incident = self._centre.decisions.store.find(number)
        if incident is None:
            return None
        record = incident_json(incident, self._wall)
        timeline = timeline_of(record, incident, (), self._told.of(number))
        told = msgspec.structs.asdict(view_of_record(record, self._wall))
        return IncidentWhole(**told, timeline=timeline)

    async def _search(self, _request: web.Request, query: SearchQuery) -> FoundPage:
        return await self.search(query.q)

    async def search(self, text: str) -> FoundPage:
        """Return what a text finds."""
        return await self._in_turn(self._view.search, text)

    async def _events(self, request: web.Request, _query: NoQuery) -> web.StreamResponse:
        return await self._fanout.serve(request, self._channel)

    async def _describe(self, _request: web.Request, _query: NoQuery) -> bytes:
        if not self._description:
            self._description = self._encode(description(ROUTES, BASE))
        return self._description

    def _passages(self, host: str) -> list[Passage]:
        """Return a host's changes of state within the last day, as the journal has them."""
        since = clock.wall() - SPAN_S
        return [
            Passage(row.at, HostState(row.before), HostState(row.after))
            for row in self._history.transitions(host, since=since, limit=SPANS_MAX)
            if {row.before, row.after} <= _STATES  # another version may know others
        ]
