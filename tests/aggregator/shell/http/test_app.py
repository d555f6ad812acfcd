"""Pages over HTTP, of the real application on a port of its own."""

import pytest

from tests.aggregator.shell.http.conftest import Client
from tests.kit.page import Page
from tests.kit.scripted_fleet import ScriptedFleet

PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8"


async def read(client: Client, path: str) -> tuple[set[str], set[str]]:
    """Return the names and the venues of all samples of a page."""
    answer = await client.get(path)
    text = await answer.read()
    assert (answer.status, answer.headers["Content-Type"]) == (200, PROMETHEUS_TEXT)
    assert text.endswith(b"\n")
    page = Page(text)
    return page.names, {labels["venue"] for _, labels, _ in page.samples if "venue" in labels}


async def test_the_metrics_page_has_everything(client: Client) -> None:
    names, venues = await read(client, "/metrics")

    assert venues == {"STA", "AQU", "NEW"}
    assert {"venuewatch_host_up", "venuewatch_aggregator_build_info"} <= names


async def test_the_page_of_a_venue_has_nothing_else(client: Client) -> None:
    names, venues = await read(client, "/metrics?venue=STA")

    assert venues == {"STA"}
    assert not [name for name in names if name.startswith("venuewatch_aggregator")]


async def test_our_own_metrics_name_no_venue(client: Client) -> None:
    names, venues = await read(client, "/metrics/self")

    assert venues == set()
    assert "venuewatch_aggregator_loop_lag_seconds" in names


@pytest.mark.parametrize("code", ["XXX", "", "sta", "STA/alpha", "\u2028", "x" * 4_000])
async def test_an_unknown_venue_is_not_found(client: Client, code: str) -> None:
    answer = await client.get("/metrics", params={"venue": code})

    lines = (await answer.text()).splitlines()
    assert (answer.status, answer.content_type, len(lines)) == (404, "text/plain", 1)
    assert lines[0].startswith('unknown venue "')
    assert len(lines[0]) < 200


async def test_readiness_waits_until_every_host_is_decided(
    client: Client, fleet: ScriptedFleet
) -> None:
    fleet.centre.lost(21.0)
    answers = [await client.get(path) for path in ("/-/healthy", "/-/ready")]
    fleet.centre.opened(22.0)
    answers.append(await client.get("/-/ready"))  # in the grace
    fleet.look(100.0)
    answers.append(await client.get("/-/ready"))

    assert [answer.status for answer in answers] == [200, 503, 503, 200]


async def test_the_landing_page_links_every_other(client: Client) -> None:
    answer = await client.get("/")

    text = await answer.text()
    assert answer.content_type == "text/html"
    for path in ("/metrics", "/metrics/self", "/api/v1/incidents", "/-/healthy", "/-/ready"):
        assert f'href="{path}"' in text
        assert (await client.get(path)).status == 200


@pytest.mark.parametrize(
    "asked", ["GET /nonsense 404", "POST /metrics 405", "DELETE /-/ready 405", "HEAD /metrics 200"]
)
async def test_other_paths_and_methods_are_refused(client: Client, asked: str) -> None:
    method, path, status = asked.split()

    answer = await client.request(method, path)

    assert answer.status == int(status)
