from collections.abc import AsyncIterator
from typing import TypeAlias

import pytest
from aiohttp import ClientSession

from aggregator.shell.http.app import Pages
from aggregator.shell.http.server import HttpServer
from aggregator.shell.http.web_config import WebConfig
from aggregator.shell.outlets.own_metrics import OwnMetrics
from aggregator.shell.walltime import WallTime
from tests.kit.machine import WALL
from tests.kit.scripted_fleet import NOW, ScriptedFleet

Client: TypeAlias = ClientSession


@pytest.fixture
def metrics(fleet: ScriptedFleet) -> OwnMetrics:
    return OwnMetrics(fleet.centre, version="1.2.3")


@pytest.fixture
async def server(
    fleet: ScriptedFleet, metrics: OwnMetrics, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[HttpServer]:
    """The real pages about it, at ``NOW``, on a port of their own."""
    wall = WallTime(0.0, WALL)
    server = HttpServer()

    async def reload() -> str:
        return "reloaded"

    pages = Pages(
        fleet.centre, metrics, wall, access=server.access, timestamps=lambda: False, reload=reload
    )
    await server.begin(pages.app(), "127.0.0.1:0", WebConfig())
    monkeypatch.setattr("venuewatch.base.clock.monotonic", lambda: NOW)
    yield server
    await server.end()


@pytest.fixture
async def client(server: HttpServer) -> AsyncIterator[Client]:
    async with ClientSession(f"http://127.0.0.1:{server.port}") as client:
        yield client
