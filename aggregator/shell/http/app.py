"""Pages of the aggregator over HTTP."""

import asyncio
from collections.abc import Iterable

from aiohttp import web

from aggregator.core.centre import Centre
from aggregator.core.fleet import Venue
from aggregator.shell import exposition
from aggregator.shell.http import incidents as incidents_json
from aggregator.shell.outlets.own_metrics import OwnMetrics
from aggregator.shell.walltime import WallTime
from venuewatch.base import clock
from venuewatch.base.refusals import unknown

_LANDING = """<!doctype html><html lang="en"><meta charset="utf-8"><title>venuewatch</title>
<h1>venuewatch</h1><ul>
<li><a href="/metrics">/metrics</a> everything; <code>?venue=CODE</code> for one venue
<li><a href="/metrics/self">/metrics/self</a> the aggregator's own
<li><a href="/api/v1/incidents">/api/v1/incidents</a> what has failed and why, as JSON;
<code>?open=1</code>, <code>?venue=CODE</code>
<li><a href="/-/healthy">/-/healthy</a> <li><a href="/-/ready">/-/ready</a>
</ul></html>"""


class Pages:
    """The handlers. Expositions are rendered in a thread, so that the event loop goes on."""

    def __init__(self, centre: Centre, metrics: OwnMetrics, wall: WallTime) -> None:
        self._centre = centre
        self._fleet = centre.fleet
        self._metrics = metrics
        self._wall = wall

    def app(self) -> web.Application:
        """Return the application to be served."""
        app = web.Application()
        app.router.add_get("/", self._landing)
        app.router.add_get("/metrics", self._everything)
        app.router.add_get("/metrics/self", self._self)
        app.router.add_get("/api/v1/incidents", self._known_incidents)
        app.router.add_get("/-/healthy", self._healthy)
        app.router.add_get("/-/ready", self._ready)
        return app

    async def _landing(self, _request: web.Request) -> web.Response:
        return web.Response(text=_LANDING, content_type="text/html")

    async def _everything(self, request: web.Request) -> web.Response:
        code = request.query.get("venue")
        if code is None:
            fleet = await self._rendered(list(self._fleet.venues.values()))
            return _exposition(self._metrics.render() + fleet)
        venue = self._fleet.venues.get(code)
        if venue is None:
            return web.Response(status=404, text=unknown("venue", code, self._fleet.venues) + "\n")
        return _exposition(await self._rendered([venue]))

    async def _self(self, _request: web.Request) -> web.Response:
        return _exposition(self._metrics.render())

    async def _known_incidents(self, request: web.Request) -> web.Response:
        try:
            wanted = incidents_json.wanted_of(request.query.items(), self._fleet.venues)
        except ValueError as error:
            return web.Response(status=400, text=f"{error}\n")
        known = self._centre.decisions.store.known()
        excuses = self._centre.excuses(clock.monotonic())
        body = await asyncio.to_thread(incidents_json.answer, known, excuses, wanted, self._wall)
        return web.Response(body=body, content_type="application/json")

    async def _healthy(self, _request: web.Request) -> web.Response:
        return web.Response(text="healthy\n")

    async def _ready(self, _request: web.Request) -> web.Response:
        if self._centre.is_ready:
            return web.Response(text="ready\n")
        return web.Response(status=503, text="not subscribed, or still within the grace\n")

    async def _rendered(self, venues: Iterable[Venue]) -> bytes:
        return await asyncio.to_thread(exposition.render, venues, clock.monotonic())


def _exposition(body: bytes) -> web.Response:
    return web.Response(body=body, headers={"Content-Type": exposition.CONTENT_TYPE})
