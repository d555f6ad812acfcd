"""Pages over HTTP, of the real application on a port of its own."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.aggregator.shell.http.conftest import Client
from tests.kit.scripted_fleet import ScriptedFleet

PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8"
EXPOSITIONS = ["/metrics", "/metrics?venue=STA", "/metrics/self"]


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


async def test_the_metrics_page_has_everything(client: Client) -> None:
    answer = await client.get("/metrics")

    text = await answer.text()
    assert answer.status == 200
    assert venues_of(text) == {"STA", "AQU", "NEW"}
    assert {"venuewatch_host_up", "venuewatch_aggregator_build_info"} <= series_of(text)


async def test_the_page_of_a_venue_has_nothing_else(client: Client) -> None:
    answer = await client.get("/metrics", params={"venue": "STA"})

    text = await answer.text()
    assert answer.status == 200
    assert venues_of(text) == {"STA"}
    assert not [name for name in series_of(text) if name.startswith("venuewatch_aggregator")]


@pytest.mark.parametrize("code", ["XXX", "", "sta", "STA/alpha", "\u2028", "x" * 4_000])
async def test_an_unknown_venue_is_not_found(client: Client, code: str) -> None:
    answer = await client.get("/metrics", params={"venue": code})

    lines = (await answer.text()).splitlines()
    assert (answer.status, answer.content_type, len(lines)) == (404, "text/plain", 1)
    assert lines[0].startswith('unknown venue "')
    assert len(lines[0]) < 200


async def test_our_own_metrics_name_no_venue(client: Client) -> None:
    answer = await client.get("/metrics/self")

    text = await answer.text()
    assert answer.status == 200
    assert venues_of(text) == set()
    assert "venuewatch_aggregator_loop_lag_seconds" in series_of(text)


@pytest.mark.parametrize("path", EXPOSITIONS)
async def test_an_exposition_has_its_content_type(client: Client, path: str) -> None:
    answer = await client.get(path)

    assert answer.headers["Content-Type"] == PROMETHEUS_TEXT
    assert (await answer.text()).endswith("\n")


async def test_readiness_waits_until_every_host_is_decided(
    client: Client, fleet: ScriptedFleet
) -> None:
    fleet.centre.lost(21.0)
    blind = await client.get("/-/ready")
    fleet.centre.opened(22.0)
    in_the_grace = await client.get("/-/ready")
    fleet.look(100.0)
    decided = await client.get("/-/ready")

    assert [answer.status for answer in (blind, in_the_grace, decided)] == [503, 503, 200]


async def test_a_blind_aggregator_is_healthy(client: Client, fleet: ScriptedFleet) -> None:
    fleet.centre.lost(21.0)

    answer = await client.get("/-/healthy")

    assert answer.status == 200


async def test_the_landing_page_links_every_other(client: Client) -> None:
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
async def test_other_paths_and_methods_are_refused(
    client: Client, method: str, path: str, status: int
) -> None:
    answer = await client.request(method, path)

    assert answer.status == status
