"""What is answered over HTTP, by the real application on a port of its own."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.parser import text_string_to_metric_families

from aggregator.shell.http.app import Pages, Told
from aggregator.shell.own_metrics import Metrics
from aggregator.shell.walltime import WallTime
from tests.aggregator.scripted import WALL, ScriptedFleet

PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8"
EXPOSITIONS = ["/metrics", "/metrics?venue=STA", "/metrics/self"]


@pytest.fixture
def fleet() -> ScriptedFleet:
    return ScriptedFleet()


@pytest.fixture
async def client(
    fleet: ScriptedFleet,
) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    metrics = Metrics(fleet.watch, version="1.2.3")
    told = Told(fleet.watch.register, WallTime(0.0, WALL))
    pages = Pages(fleet.fleet, metrics, told, lambda: fleet.watch.is_settled)
    async with TestClient(TestServer(pages.app())) as client:
        yield client


def series_of(text: str) -> set[str]:
    return {
        sample.name
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("venuewatch_")
    }


def venues_of(text: str) -> set[str]:
    return {
        sample.labels["venue"]
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if "venue" in sample.labels
    }


async def test_metrics_is_everything(client: TestClient[web.Request, web.Application]) -> None:
    answer = await client.get("/metrics")

    text = await answer.text()
    assert answer.status == 200
    assert venues_of(text) == {"STA", "AQU", "NEW"}
    assert {"venuewatch_host_up", "venuewatch_aggregator_build_info"} <= series_of(text)


async def test_the_page_of_one_venue_is_that_venue_and_nothing_else(
    client: TestClient[web.Request, web.Application],
) -> None:
    answer = await client.get("/metrics", params={"venue": "STA"})

    text = await answer.text()
    assert answer.status == 200
    assert venues_of(text) == {"STA"}
    assert not [name for name in series_of(text) if name.startswith("venuewatch_aggregator")]


@pytest.mark.parametrize("code", ["XXX", "", "sta", "STA/alpha", "\u2028", "x" * 4_000])
async def test_a_venue_that_is_not_in_the_inventory_is_not_found(
    client: TestClient[web.Request, web.Application], code: str
) -> None:
    answer = await client.get("/metrics", params={"venue": code})

    lines = (await answer.text()).splitlines()
    assert (answer.status, answer.content_type, len(lines)) == (404, "text/plain", 1)
    assert lines[0].startswith('unknown venue "')
    assert len(lines[0]) < 200


async def test_our_own_metrics_are_of_no_venue(
    client: TestClient[web.Request, web.Application],
) -> None:
    answer = await client.get("/metrics/self")

    text = await answer.text()
    assert answer.status == 200
    assert venues_of(text) == set()
    assert "venuewatch_aggregator_loop_lag_seconds" in series_of(text)


@pytest.mark.parametrize("path", EXPOSITIONS)
async def test_an_exposition_says_that_it_is_one(
    client: TestClient[web.Request, web.Application], path: str
) -> None:
    answer = await client.get(path)

    assert answer.headers["Content-Type"] == PROMETHEUS_TEXT
    assert (await answer.text()).endswith("\n")


async def test_we_are_ready_once_every_host_is_decided_and_not_while_we_are_blind(
    client: TestClient[web.Request, web.Application], fleet: ScriptedFleet
) -> None:
    fleet.watch.blinded(21.0)
    blind = await client.get("/-/ready")
    fleet.watch.subscribed(22.0)
    in_the_grace = await client.get("/-/ready")
    fleet.watch.advance(100.0)
    decided = await client.get("/-/ready")

    assert [answer.status for answer in (blind, in_the_grace, decided)] == [503, 503, 200]


async def test_we_are_healthy_even_while_we_are_blind(
    client: TestClient[web.Request, web.Application], fleet: ScriptedFleet
) -> None:
    fleet.watch.blinded(21.0)

    answer = await client.get("/-/healthy")

    assert answer.status == 200


async def test_the_landing_page_leads_to_every_other(
    client: TestClient[web.Request, web.Application],
) -> None:
    answer = await client.get("/")

    text = await answer.text()
    assert answer.content_type == "text/html"
    for path in ("/metrics", "/metrics/self", "/api/v1/incidents", "/-/healthy", "/-/ready"):
        assert f'href="{path}"' in text
        assert (await client.get(path)).status == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nonsense", 404),
        ("GET", "/metrics/../etc/passwd", 404),
        ("POST", "/metrics", 405),
        ("DELETE", "/-/ready", 405),
        ("HEAD", "/metrics", 200),
    ],
)
async def test_what_is_not_served_is_refused(
    client: TestClient[web.Request, web.Application], method: str, path: str, status: int
) -> None:
    answer = await client.request(method, path)

    assert answer.status == status
