"""Pages of the aggregator over HTTP."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import partial
from http import HTTPStatus

from aiohttp import hdrs, web

from aggregator.core.centre import Centre
from aggregator.shell import exposition
from aggregator.shell.http import discovery, scrape
from aggregator.shell.http.bodies import Bodies
from aggregator.shell.http.clients import counted_as
from aggregator.shell.http.scrape import UnknownVenueError, Wanted
from aggregator.shell.http.sending import Body
from aggregator.shell.http.server import HttpServer
from aggregator.shell.outlets.own_metrics import OwnMetrics
from venuewatch.base import clock
from venuewatch.base.config import ConfigError

_NO_CHANGE = "expected a user, or a request from this machine, and none from a page in a browser"


class Pages:
    """The handlers. ``reload`` reads the configuration again and says what came of it.

    ``timestamps`` says whether measured samples have the time of their reading, unless asked
    otherwise. ``others`` add their own paths to the application.
    """

    def __init__(
        self,
        centre: Centre,
        metrics: OwnMetrics,
        *,
        others: Iterable[Callable[[web.Application], None]],
        server: HttpServer,
        timestamps: Callable[[], bool],
        reload: Callable[[], Awaitable[str]],
    ) -> None:
        self._centre = centre
        self._fleet = centre.fleet
        self._metrics = metrics
        self._others = tuple(others)
        self._access = server.access
        self._timestamps = timestamps
        self._reload = reload
        self._bodies = Bodies(lambda: metrics.verdicts, server.slots, server.sending.make_room_for)
        server.sending.kept = self._bodies.kept

    def app(self) -> web.Application:
        """Return the application to be served."""
        app = web.Application()
        for add_to in self._others:
            add_to(app)
        app.router.add_get("/metrics", self._scrape)
        app.router.add_get("/metrics/self", self._self)
        app.router.add_get("/sd", self._targets)
        app.router.add_get("/-/healthy", self._healthy)
        app.router.add_get("/-/ready", self._ready)
        app.router.add_post("/-/reload", self._reload_now)
        app.on_cleanup.append(self._close)
        return app

    async def _close(self, _app: web.Application) -> None:
        self._bodies.close()

    async def _scrape(self, request: web.Request) -> web.Response:
        try:
            wanted = scrape.wanted_of(
                request.query.items(), self._fleet.venues, timestamps=self._timestamps()
            )
        except UnknownVenueError as error:
            return _line(HTTPStatus.NOT_FOUND, error)
        except ValueError as error:
            return _line(HTTPStatus.BAD_REQUEST, error)
        self._centre.keep_readings(clock.monotonic(), wanted.readings)
        is_gzip = _takes_gzip(request)
        render = partial(self._render, wanted)
        whose = self._client_of(request)
        body = await self._bodies.get(wanted, is_gzip=is_gzip, render=render, whose=whose)
        return _page(body, is_gzip=is_gzip)

    async def _self(self, request: web.Request) -> web.Response:
        is_gzip = _takes_gzip(request)
        render, whose = self._metrics.render, self._client_of(request)
        body = await self._bodies.fresh(is_gzip=is_gzip, render=render, whose=whose)
        return _page(body, is_gzip=is_gzip)

    def _client_of(self, request: web.Request) -> str:
        return counted_as(self._access.client_of(request))

    def _render(self, wanted: Wanted) -> Iterator[bytes]:
        """Yield a page of metrics. This runs in a thread, so that the event loop goes on."""
        known = dict(self._fleet.venues)
        venues = [known[code] for code in wanted.venues or known if code in known]
        if wanted.has_own:
            yield self._metrics.render()
        yield from exposition.pieces(
            venues,
            clock.monotonic(),
            wanted.collections,
            timestamps=wanted.timestamps,
            readings=wanted.readings,
            hears_readings=self._centre.hears_readings,
        )

    async def _targets(self, request: web.Request) -> web.Response:
        venues = self._fleet.venues
        try:
            collection = discovery.collection_of(request.query.items())
            body = discovery.targets(venues, request.scheme, request.host, collection)
        except ValueError as error:
            return _line(HTTPStatus.BAD_REQUEST, error)
        return web.Response(body=body, content_type="application/json")

    async def _healthy(self, _request: web.Request) -> web.Response:
        return web.Response(text="healthy\n")

    async def _ready(self, _request: web.Request) -> web.Response:
        if self._centre.is_ready:
            return web.Response(text="ready\n")
        return _line(HTTPStatus.SERVICE_UNAVAILABLE, "not subscribed, or still within the grace")

    async def _reload_now(self, request: web.Request) -> web.Response:
        if not self._access.may_change(request):
            return _line(HTTPStatus.FORBIDDEN, _NO_CHANGE)
        try:
            return web.Response(text=f"{await self._reload()}\n")
        except ConfigError as error:
            return _line(HTTPStatus.INTERNAL_SERVER_ERROR, error)


def _page(body: Body, *, is_gzip: bool) -> web.Response:
    headers: dict[str, str] = {
        hdrs.CONTENT_TYPE: exposition.CONTENT_TYPE,
        hdrs.VARY: hdrs.ACCEPT_ENCODING,
    }
    if is_gzip:
        headers[hdrs.CONTENT_ENCODING] = "gzip"
    return web.Response(body=body, headers=headers)


def _takes_gzip(request: web.Request) -> bool:
    return scrape.takes_gzip(request.headers.get(hdrs.ACCEPT_ENCODING, ""))


def _line(status: HTTPStatus, words: object) -> web.Response:
    return web.Response(status=status, text=f"{words}\n")
