from collections.abc import AsyncIterator
from typing import TypeAlias

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from aggregator.shell.http.app import Pages
from aggregator.shell.outlets.own_metrics import OwnMetrics
from aggregator.shell.walltime import WallTime
from tests.kit.machine import WALL
from tests.kit.scripted_fleet import NOW, ScriptedFleet

Client: TypeAlias = TestClient[web.Request, web.Application]


@pytest.fixture
async def client(fleet: ScriptedFleet, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    """A client of the real pages about it, at ``NOW``."""
    pages = Pages(fleet.centre, OwnMetrics(fleet.centre, version="1.2.3"), WallTime(0.0, WALL))
    async with TestClient(TestServer(pages.app())) as client:
        monkeypatch.setattr("venuewatch.base.clock.monotonic", lambda: NOW)
        yield client
