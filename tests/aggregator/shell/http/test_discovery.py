"""Service discovery: targets as Prometheus reads them."""

import asyncio

import pytest

from aggregator.shell.http.server import HttpServer
from tests.aggregator.shell.http.conftest import Client

COMMON = {"__scheme__": "http", "__metrics_path__": "/metrics"}
OWN = {"__scheme__": "http", "__metrics_path__": "/metrics/self"}


@pytest.mark.parametrize(
    ("query", "collect", "has_own"),
    [
        ("", {}, True),
        ("?collect=liveness", {"__param_collect": "liveness"}, True),
        ("?collect=vitals", {"__param_collect": "vitals"}, False),
    ],
)
async def test_each_venue_is_a_target(
    client: Client, query: str, collect: dict[str, str], *, has_own: bool
) -> None:
    answer = await client.get(f"/sd{query}")

    groups = await answer.json()
    assert (answer.status, answer.content_type) == (200, "application/json")
    venues = [
        {**COMMON, **collect, "__param_venue": code, "venue": code}
        for code in ("AQU", "NEW", "STA")
    ]
    assert [group["labels"] for group in groups] == [*venues, OWN][: None if has_own else -1]
    assert {target for group in groups for target in group["targets"]} == {answer.url.authority}


@pytest.mark.parametrize("host", ["mon.example:443", "[::1]:8039", "a b", "[", '"}', "x" * 4_000])
async def test_targets_are_where_prometheus_has_asked(client: Client, host: str) -> None:
    answer = await client.get("/sd", headers={"Host": host})

    if answer.status == 200:
        assert {group["targets"][0] for group in await answer.json()} == {host}
    else:
        assert answer.status == 400


async def test_host_of_other_bytes_is_refused(server: HttpServer) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET /sd HTTP/1.1\r\nHost: \xff\r\nConnection: close\r\n\r\n")

    answer = await reader.read()

    writer.close()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.endswith(b"\r\n\r\nexpected a Host header in ASCII\n")


async def test_targets_can_be_scraped(client: Client) -> None:
    for group in await (await client.get("/sd?collect=vitals")).json():
        labels = group["labels"]
        query = {name.removeprefix("__param_"): labels[name] for name in labels if "param" in name}

        assert (await client.get(labels["__metrics_path__"], params=query)).status == 200
