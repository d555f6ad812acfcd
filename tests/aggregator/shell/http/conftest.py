from collections.abc import AsyncIterator
from typing import TypeAlias

import pytest
from aiohttp import ClientSession

from aggregator.shell.http.api.routes import Api, Sources
from aggregator.shell.http.api.view import View
from aggregator.shell.http.app import Pages
from aggregator.shell.http.fanout import Fanout
from aggregator.shell.http.page.render import Renderer
from aggregator.shell.http.page.routes import PageRoutes
from aggregator.shell.http.server import HttpServer
from aggregator.shell.http.web_config import WebConfig
from aggregator.shell.journal.history import History
from aggregator.shell.outlets.own_metrics import OwnMetrics
from aggregator.shell.told import Told
from aggregator.shell.walltime import WallTime
from tests.kit.machine import WALL
from tests.kit.scripted_fleet import NOW, ScriptedFleet
from venuewatch.base import clock

Client: TypeAlias = ClientSession


@pytest.fixture
def metrics(fleet: ScriptedFleet) -> OwnMetrics:
    return OwnMetrics(fleet.centre, version="1.2.3")


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def fanout() -> Fanout:
    return Fanout(lambda: 500)


@pytest.fixture
def view(fleet: ScriptedFleet) -> View:
    return View(fleet.centre, WallTime(0.0, WALL), name="centre-1")


@pytest.fixture
def history() -> History:
    """Return what knows no earlier times."""
    return History("")


@pytest.fixture
async def server(  # noqa: PLR0913, PLR0917 - all that it serves
    fleet: ScriptedFleet,
    metrics: OwnMetrics,
    view: View,
    told: Told,
    fanout: Fanout,
    history: History,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[HttpServer]:
    """The real pages about it, at ``NOW``, on a port of their own."""
    wall = WallTime(0.0, WALL)
    server = HttpServer()

    async def reload() -> str:
        return "reloaded"

    api = Api(Sources(fleet.centre, wall, view, history, told, fanout))
    pages = Pages(
        fleet.centre,
        metrics,
        others=(api.add_to, PageRoutes(Renderer(), view, api).add_to),
        server=server,
        timestamps=lambda: False,
        reload=reload,
    )
    await server.begin(pages.app(), "127.0.0.1:0", WebConfig())
    monkeypatch.setattr(clock, "monotonic", lambda: NOW)
    monkeypatch.setattr(clock, "wall", lambda: WALL + NOW)
    yield server
    await server.end()


@pytest.fixture
async def client(server: HttpServer) -> AsyncIterator[Client]:
    async with ClientSession(f"http://127.0.0.1:{server.port}") as client:
        yield client
