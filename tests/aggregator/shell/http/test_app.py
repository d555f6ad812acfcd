"""Pages over HTTP, of the real application on a port of its own."""

import pytest

from tests.aggregator.shell.http.conftest import Client
from tests.kit.page import Page
from tests.kit.scripted_fleet import ScriptedFleet

PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8"


@pytest.mark.parametrize(
    ("path", "venues", "has_fleet", "has_own"),
    [
        ("/metrics", {"STA", "AQU", "NEW"}, True, True),
        ("/metrics?venue=STA", {"STA"}, True, False),
        ("/metrics/self", set(), False, True),
    ],
)
async def test_a_metrics_page_has_what_it_is_for(
    client: Client, path: str, venues: set[str], *, has_fleet: bool, has_own: bool
) -> None:
    answer = await client.get(path)

    text = await answer.read()
    page = Page(text)
    assert (answer.status, answer.headers["Content-Type"]) == (200, PROMETHEUS_TEXT)
    assert text.endswith(b"\n")
    assert {labels["venue"] for _, labels, _ in page.samples if "venue" in labels} == venues
    assert ("venuewatch_host_up" in page.names) is has_fleet
    assert any(name.startswith("venuewatch_aggregator") for name in page.names) is has_own


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
    fleet.advance(100.0)
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
