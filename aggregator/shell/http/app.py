"""Pages of the aggregator over HTTP."""

import html
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from http import HTTPStatus

from aiohttp import hdrs, web

from aggregator.core.centre import Centre
from aggregator.shell import exposition
from aggregator.shell.http import discovery, scrape
from aggregator.shell.http.access import Access
from aggregator.shell.http.api.routes import BASE, Api
from aggregator.shell.http.scrape import Bodies, UnknownVenueError, Wanted
from aggregator.shell.http.sending import Body, Sending
from aggregator.shell.outlets.own_metrics import OwnMetrics
from venuewatch import __version__
from venuewatch.base import clock
from venuewatch.base.config import ConfigError

# Links are relative, so that they also work behind a proxy that adds a path.
_LANDING = """<!doctype html><html lang="en"><meta charset="utf-8"><title>venuewatch</title>
<h1>venuewatch</h1><p>Version {version}<ul>
<li><a href="metrics">/metrics</a> everything; <code>?venue=CODE</code> for one venue or several;
<code>?collect=liveness</code>, <code>?collect=vitals</code>; <code>?timestamps=1</code>,
<code>?timestamps=1&amp;readings=2</code>
<li><a href="metrics/self">/metrics/self</a> the aggregator's own
<li><a href="sd">/sd</a> targets for Prometheus' http_sd: one a venue
<li><a href="api/v1/venues">/api/v1/venues</a> how all stands, as JSON;
<a href="api/v1/incidents">/api/v1/incidents</a> what has failed and why;
<a href="api/v1/openapi.json">/api/v1/openapi.json</a> all of the API
<li>/venues/CODE, /hosts/NAME, /incidents/NUMBER one of each
<li><a href="-/healthy">/-/healthy</a> <li><a href="-/ready">/-/ready</a>
<li>/-/reload (POST) reads configuration and inventory again
</ul></html>"""


class Pages:
    """The handlers. ``reload`` reads the configuration again and says what came of it.

    ``timestamps`` says whether measured samples have the time of their reading, unless asked
    otherwise.
    """

    def __init__(
        self,
        centre: Centre,
        metrics: OwnMetrics,
        *,
        api: Api,
        access: Access,
        timestamps: Callable[[], bool],
        reload: Callable[[], Awaitable[str]],
    ) -> None:
        self._centre = centre
        self._fleet = centre.fleet
        self._metrics = metrics
        self._api = api
        self._access = access
        self._timestamps = timestamps
        self._reload = reload
        self._bodies = Bodies()
        self._sending = Sending()

    def app(self) -> web.Application:
        """Return the application to be served."""
        app = web.Application()
        app.router.add_get("/", self._landing)
        app.router.add_get("/metrics", self._scrape)
        app.router.add_get("/metrics/self", self._self)
        app.router.add_get("/sd", self._targets)
        for path in ("/venues/{id}", "/hosts/{id}", "/incidents/{id}"):
            app.router.add_get(path, self._to_api)
        app.router.add_get("/-/healthy", self._healthy)
        app.router.add_get("/-/ready", self._ready)
        app.router.add_post("/-/reload", self._reload_now)
        self._api.add_to(app)
        app.on_cleanup.append(self._close)
        return app

    async def _close(self, _app: web.Application) -> None:
        self._bodies.close()

    async def _landing(self, _request: web.Request) -> web.Response:
        page = _LANDING.format(version=html.escape(__version__))
        return web.Response(text=page, content_type="text/html")

    async def _scrape(self, request: web.Request) -> web.StreamResponse:
        try:
            wanted = scrape.wanted_of(
                request.query.items(), self._fleet.venues, timestamps=self._timestamps()
            )
        except UnknownVenueError as error:
            return _line(HTTPStatus.NOT_FOUND, error)
        except ValueError as error:
            return _line(HTTPStatus.BAD_REQUEST, error)
        self._centre.keep_readings(wanted.readings)
        is_gzip = _takes_gzip(request)
        render = partial(self._render, wanted)
        verdicts = self._metrics.verdicts
        body = await self._bodies.get(wanted, verdicts, is_gzip=is_gzip, render=render)
        return await self._send_page(request, body, is_gzip=is_gzip)

    async def _self(self, request: web.Request) -> web.StreamResponse:
        is_gzip = _takes_gzip(request)
        body = await self._bodies.fresh(is_gzip=is_gzip, render=self._metrics.render)
        return await self._send_page(request, body, is_gzip=is_gzip)

    async def _send_page(
        self, request: web.Request, body: Body, *, is_gzip: bool
    ) -> web.StreamResponse:
        headers: dict[str, str] = {
            hdrs.CONTENT_TYPE: exposition.CONTENT_TYPE,
            hdrs.VARY: hdrs.ACCEPT_ENCODING,
        }
        if is_gzip:
            headers[hdrs.CONTENT_ENCODING] = "gzip"
        return await self._sending.send(request, body, headers)

    async def _send_json(self, request: web.Request, body: Body) -> web.StreamResponse:
        return await self._sending.send(request, body, {hdrs.CONTENT_TYPE: "application/json"})

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
        )

    async def _targets(self, request: web.Request) -> web.StreamResponse:
        venues = self._fleet.venues
        try:
            collection = discovery.collection_of(request.query.items())
            body = discovery.targets(venues, request.scheme, request.host, collection)
        except ValueError as error:
            return _line(HTTPStatus.BAD_REQUEST, error)
        return await self._send_json(request, body)

    async def _to_api(self, request: web.Request) -> web.Response:
        """Send those who ask for one thing to the API, behind whatever path a proxy has added."""
        raise web.HTTPFound(f"..{BASE}{request.rel_url.raw_path}")

    async def _healthy(self, _request: web.Request) -> web.Response:
        return web.Response(text="healthy\n")

    async def _ready(self, _request: web.Request) -> web.Response:
        if self._centre.is_ready:
            return web.Response(text="ready\n")
        return _line(HTTPStatus.SERVICE_UNAVAILABLE, "not subscribed, or still within the grace")

    async def _reload_now(self, request: web.Request) -> web.Response:
        if not self._access.may_change(request):
            return _line(HTTPStatus.FORBIDDEN, "expected a user, or a request from this machine")
        try:
            return web.Response(text=f"{await self._reload()}\n")
        except ConfigError as error:
            return _line(HTTPStatus.INTERNAL_SERVER_ERROR, error)


def _takes_gzip(request: web.Request) -> bool:
    return scrape.takes_gzip(request.headers.get(hdrs.ACCEPT_ENCODING, ""))


def _line(status: HTTPStatus, words: object) -> web.Response:
    return web.Response(status=status, text=f"{words}\n")
