"""Incidents of a small fleet, and excuses, as JSON."""

from typing import Any

import pytest

from tests.aggregator.shell.http.conftest import Client
from tests.kit.machine import WALL
from tests.kit.scripted_fleet import NOW, ScriptedFleet

PATH = "/api/v1/incidents"


async def answer(client: Client, **query: str) -> dict[str, Any]:
    answer = await client.get(PATH, params=query)
    assert (answer.status, answer.content_type) == (200, "application/json")
    content: dict[str, Any] = await answer.json()
    return content


async def incidents(client: Client, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await answer(client, **query))["incidents"]
    return found


async def test_an_incident_has_times_cause_and_evidence(client: Client) -> None:
    (lost,) = [each for each in await incidents(client) if each["host"] == "lost"]

    assert (lost["scope"], lost["venue"], lost["check"]) == ("host", "STA", "")
    assert (lost["falls"], lost["children"], lost["alive"]) == (1, [], [])
    assert lost["cause"] == "connection_lost"
    assert (lost["silent_since"], lost["opened_at"]) == (WALL + 17.0, WALL + 18.2)
    assert lost["closed_at"] is None
    will = next(seen for seen in lost["evidence"] if seen["seen"] == "will")
    assert will == {"at": WALL + 18.0, "by": "broker", "seen": "will", "detail": {"session": 1}}


async def test_a_closed_incident_is_not_among_open_ones(
    client: Client, fleet: ScriptedFleet
) -> None:
    fleet.unmute("lost", run_s=4.0)

    everything = await incidents(client)
    is_open = await incidents(client, open="1")

    over = {each["host"]: each["closed_at"] for each in everything if each["closed_at"]}
    assert over == {"lost": WALL + 23.0}
    assert len(is_open) == len(everything) - 1
    assert "lost" not in {each["host"] for each in is_open}


async def test_a_venues_own_incidents_come_newest_first(client: Client) -> None:
    assert [each["number"] for each in await incidents(client, venue="STA")] == [2, 1]
    assert await incidents(client, venue="AQU") == []


async def test_grace_of_many_hosts_is_one_excuse_a_venue(
    client: Client, fleet: ScriptedFleet
) -> None:
    fleet.centre.lost(NOW - 0.2)
    fleet.centre.opened(NOW - 0.1)

    excuses = (await answer(client))["excuses"]
    (elsewhere,) = (await answer(client, venue="AQU"))["excuses"]

    here = next(each for each in excuses if "down" in each["hosts"])
    assert (here["venue"], here["reason"]) == ("STA", "hosts find their way back to us")
    assert len(here["hosts"]) == len(fleet.centre.fleet.venues["STA"].hosts)
    since = WALL + NOW - 0.1
    assert (here["since"], here["until"]) == (since, since + 16.75)
    assert (elsewhere["venue"], elsewhere["hosts"]) == ("AQU", ["silent"])


async def test_blindness_is_an_excuse_of_everybody(client: Client, fleet: ScriptedFleet) -> None:
    fleet.centre.lost(NOW - 0.5)

    (blind,) = [each for each in (await answer(client))["excuses"] if not each["hosts"]]

    assert (blind["venue"], blind["reason"]) == ("", "we hear nothing")
    assert (blind["since"], blind["until"]) == (WALL + NOW - 0.5, None)


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
async def test_any_other_query_is_refused_in_one_line(
    client: Client, query: str, line: str
) -> None:
    answer = await client.get(f"{PATH}?{query}")

    assert (answer.status, await answer.text()) == (400, f"{line}\n")
