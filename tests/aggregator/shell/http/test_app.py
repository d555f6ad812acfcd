"""Pages over HTTP, of the real application on a port of its own."""

import asyncio
import gzip
import time

import pytest
from aiohttp import ClientSession
from yarl import URL

from aggregator.shell.http.server import HttpServer
from aggregator.shell.outlets.own_metrics import OwnMetrics
from tests.aggregator.shell.http.conftest import Client
from tests.kit.scripted_fleet import NOW, ScriptedFleet
from venuewatch.rehearsal.live.pages import Page

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


@pytest.mark.parametrize(
    ("asked", "status", "line"),
    [
        ("GET /metrcs", 404, 'unknown path "/metrcs" - did you mean "/metrics"?'),
        ("GET /%F0%9F%92%A9%0A", 404, 'unknown path "/\U0001f4a9\\n" - Known: /, '),
        ("GET /metrics/", 404, 'unknown path "/metrics/" - did you mean "/metrics"?'),
        ("POST /metrics", 405, "expected GET or HEAD, got POST"),
        ("DELETE /-/ready", 405, "expected GET or HEAD, got DELETE"),
        ("GET /-/reload", 405, "expected POST, got GET"),
        ("GET /metrics?colect=vitals", 400, 'unknown parameter "colect" - did you mean "collect"?'),
        ("GET /metrics?collect=vital", 400, 'unknown collection "vital" - did you mean "vitals"?'),
        ("GET /metrics?timestamps=yes", 400, 'unknown timestamps "yes" - Known: 0, 1'),
        (
            "GET /metrics?timestamps=1&readings=5",
            400,
            'unknown number of readings "5" - Known: 1, 2, 3, 4',
        ),
        (
            "GET /metrics?readings=2",
            400,
            "expected timestamps=1 beside readings: only times tell readings apart",
        ),
        ("GET /metrics?venue=STA&venue=AQ", 404, 'unknown venue "AQ" - did you mean "AQU"?'),
        (
            "GET /metrics?%00=%ff",
            400,
            'unknown parameter "\\x00" - Known: collect, readings, timestamps, ',
        ),
        ("GET /sd?venue=STA", 400, 'unknown parameter "venue" - Known: collect'),
        ("GET /sd?collect=vitals&collect=liveness", 400, "expected collect once"),
    ],
)
async def test_wrong_request_is_refused_in_one_line(
    client: Client, asked: str, status: int, line: str
) -> None:
    method, path = asked.split()

    answer = await client.request(method, URL(path, encoded=True))

    text = await answer.text()
    assert (answer.status, answer.content_type) == (status, "text/plain")
    assert text.startswith(line)
    assert text.index("\n") == len(text) - 1


@pytest.mark.parametrize(
    "path",
    ["/", "/metrics", "/metrics/self", "/sd", "/api/v1/incidents", "/api/v1/venues", "/-/ready"],
)
async def test_head_has_the_headers_and_no_body(client: Client, path: str) -> None:
    head, whole = await client.head(path), await client.get(path)

    assert await head.read() == b""
    assert head.status == whole.status == 200
    assert head.headers["Content-Type"] == whole.headers["Content-Type"]
    assert int(head.headers["Content-Length"]) > 0


@pytest.mark.parametrize("request_line", [b"GET / HTTP/1.1", b"GET /x HTTP/1.1", b"nonsense"])
async def test_no_answer_tells_the_servers_version(server: HttpServer, request_line: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(request_line + b"\r\nHost: x\r\nConnection: close\r\n\r\n")

    answer = await reader.read()

    writer.close()
    headers = answer.partition(b"\r\n\r\n")[0].lower()
    assert b"server: venuewatch\r\n" in headers + b"\r\n"
    assert b"aiohttp" not in headers


@pytest.mark.parametrize(
    ("query", "has_vitals", "has_liveness", "has_own"),
    [
        ("", True, True, True),
        ("?collect=vitals", True, False, False),
        ("?collect=liveness", False, True, True),
        ("?collect=liveness&collect=vitals", True, True, True),
        ("?venue=STA", True, True, False),
        ("?venue=STA&venue=AQU&collect=liveness", False, True, False),
        ("?venue=STA&collect=vitals", True, False, False),
    ],
)
async def test_a_collection_is_scraped_alone(
    client: Client, query: str, *, has_vitals: bool, has_liveness: bool, has_own: bool
) -> None:
    names = Page(await (await client.get(f"/metrics{query}")).read()).names

    assert ("node_load1" in names) is has_vitals
    assert ("venuewatch_host_up" in names) is has_liveness
    assert ("venuewatch_agent_info" in names) is has_liveness
    assert ("venuewatch_aggregator_build_info" in names) is has_own


async def test_verdict_is_in_the_next_scrape_of_the_same_second(
    client: Client, fleet: ScriptedFleet, metrics: OwnMetrics
) -> None:
    before = Page(await (await client.get("/metrics")).read())

    fleet.centre.lost(NOW)
    metrics.take(fleet.centre.take())

    after = Page(await (await client.get("/metrics")).read())
    assert before.value("venuewatch_host_state", host="up", state="up") == 1
    assert after.value("venuewatch_host_state", host="up", state="unknown") == 1
    assert not after.names & before.names & {"node_load1"}


async def test_readings_that_a_scraper_asks_for_come_from_then_on(
    client: Client, fleet: ScriptedFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "/metrics?venue=STA&collect=vitals&timestamps=1&readings=2"
    up, shown = fleet.machines["up"], []
    for seq in (30, 31):
        await (await client.get(path)).read()
        fleet.deliver(up.vitals(fleet.now, seq))
        fleet.advance(fleet.now + 1.0)
        monkeypatch.setattr("venuewatch.base.clock.monotonic", lambda: fleet.now)
        text = await (await client.get(path)).text()
        shown.append(text.count('node_load1{venue="STA",host="up",'))

    assert shown == [2, 2]
    plain = await (await client.get("/metrics?venue=STA&collect=vitals")).text()
    assert plain.count('node_load1{venue="STA",host="up",') == 1


async def test_several_venues_are_scraped_together(client: Client) -> None:
    answer = await client.get("/metrics?venue=NEW&venue=STA&venue=NEW")

    labels = [labels for _, labels, _ in Page(await answer.read()).samples]
    assert {each["venue"] for each in labels} == {"STA", "NEW"}


@pytest.mark.parametrize(
    ("accepts", "coding"), [("gzip", "gzip"), ("gzip;q=0", None), ("identity", None)]
)
async def test_a_page_is_compressed_where_that_is_wanted(
    server: HttpServer, accepts: str, coding: str | None
) -> None:
    address = f"http://127.0.0.1:{server.port}"
    async with ClientSession(address, auto_decompress=False) as client:
        answer = await client.get("/metrics", headers={"Accept-Encoding": accepts})
        body = await answer.read()

    assert answer.headers.get("Content-Encoding") == coding
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert Page(gzip.decompress(body) if coding else body).names > {"node_load1"}


async def test_near_names_are_searched_for_one_at_a_time(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    running, most = set[str](), 0

    def search(_what: str, name: str, _names: object) -> str:
        nonlocal most
        running.add(name)
        most = max(most, len(running))
        time.sleep(0.01)
        running.discard(name)
        return name

    monkeypatch.setattr("aggregator.shell.http.api.routes.unknown", search)

    answers = await asyncio.gather(*(client.get(f"/api/v1/hosts/{name}") for name in "abcd"))

    assert [answer.status for answer in answers] == [404] * 4
    assert most == 1
