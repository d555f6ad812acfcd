"""What /api/v1/incidents says of a small fleet that a test has told itself."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from aggregator.shell.http.app import Pages, Told
from aggregator.shell.own_metrics import Metrics
from aggregator.shell.walltime import WallTime
from tests.aggregator.scripted import WALL, ScriptedFleet

Client = TestClient[web.Request, web.Application]
PATH = "/api/v1/incidents"


@pytest.fixture
def fleet() -> ScriptedFleet:
    return ScriptedFleet()


@pytest.fixture
async def client(fleet: ScriptedFleet) -> AsyncIterator[Client]:
    metrics = Metrics(fleet.watch, version="1.2.3")
    told = Told(fleet.watch.register, WallTime(0.0, WALL))
    pages = Pages(fleet.fleet, metrics, told, lambda: fleet.watch.is_settled)
    async with TestClient(TestServer(pages.app())) as client:
        yield client


async def incidents(client: Client, **query: str) -> list[dict[str, Any]]:
    answer = await client.get(PATH, params=query)
    assert answer.status == 200
    assert answer.content_type == "application/json"
    found: list[dict[str, Any]] = (await answer.json())["incidents"]
    return found


def bring_back(fleet: ScriptedFleet, host: str) -> None:
    for second in range(21, 25):
        fleet.beat(second, host, second)
    fleet.watch.advance(24.0)


async def test_an_incident_says_what_when_why_and_who_saw_it(client: Client) -> None:
    (lost,) = [told for told in await incidents(client) if told["host"] == "lost"]

    assert {name: lost[name] for name in ("scope", "venue", "check", "falls", "children")} == {
        "scope": "host",
        "venue": "STA",
        "check": "",
        "falls": 1,
        "children": [],
    }
    assert lost["cause"] == "connection_lost"
    assert lost["opened_at"] == WALL + 18.2
    assert lost["silent_since"] == WALL + 17.0
    assert lost["closed_at"] is None
    assert lost["alive"] == []
    will = next(seen for seen in lost["evidence"] if seen["seen"] == "will")
    assert will == {"at": WALL + 18.0, "by": "broker", "seen": "will", "detail": {"session": 1}}


async def test_the_newest_is_first(client: Client) -> None:
    numbers = [told["number"] for told in await incidents(client)]

    assert numbers == [2, 1]


async def test_one_that_is_over_is_told_and_is_not_among_the_open_ones(
    client: Client, fleet: ScriptedFleet
) -> None:
    bring_back(fleet, "lost")

    everything = await incidents(client)
    is_open = await incidents(client, open="1")

    over = {told["host"]: told["closed_at"] for told in everything if told["closed_at"]}
    assert over == {"lost": WALL + 23.0}
    assert len(is_open) == len(everything) - 1
    assert "lost" not in {told["host"] for told in is_open}


async def test_a_venues_incidents_are_its_own(client: Client) -> None:
    assert len(await incidents(client, venue="STA")) == 2
    assert await incidents(client, venue="AQU") == []


async def test_a_clock_that_is_stepped_later_changes_no_time(fleet: ScriptedFleet) -> None:
    wall = WallTime(0.0, WALL)
    wall.note(30.0, WALL + 3_630.0)

    told = fleet.watch.register.known()[0]

    assert wall.wall(told.opened_at) == round(WALL + told.opened_at, 3)


@pytest.mark.parametrize(
    ("query", "line"),
    [
        ("open=0", "expected open=1, or no open"),
        ("open=", "expected open=1, or no open"),
        ("open=1&open=1", "expected open once"),
        ("venue=ST", 'unknown venue "ST" - did you mean "STA"? Known: AQU, NEW, STA'),
        ("venue=", 'unknown venue "" - Known: AQU, NEW, STA'),
        ("venue=STA&venue=AQU", "expected venue once"),
        ("host=up", 'unknown parameter "host" - Known: open, venue'),
        ("%F0%9F%92%A9=1", 'unknown parameter "💩" - Known: open, venue'),
    ],
)
async def test_any_other_question_is_refused_with_what_was_expected(
    client: Client, query: str, line: str
) -> None:
    answer = await client.get(f"{PATH}?{query}")

    assert (answer.status, await answer.text()) == (400, f"{line}\n")
