"""Venues, hosts and single incidents as JSON, of a small fleet."""

from typing import Any

import pytest

from tests.aggregator.shell.http.conftest import Client
from tests.kit.machine import WALL
from tests.kit.scripted_fleet import HOSTILE, NOW


async def content(client: Client, path: str) -> dict[str, Any]:
    answer = await client.get(path)
    assert (answer.status, answer.content_type) == (200, "application/json")
    found: dict[str, Any] = await answer.json()
    return found


async def test_a_venue_has_its_state_hosts_and_open_incidents(client: Client) -> None:
    venue = await content(client, "/venues/STA")

    assert (venue["venue"], venue["name"], venue["town"]) == ("STA", "Stade", "Saint-Denis")
    assert (venue["state"], venue["up"]) == ("degraded", True)
    states = {host["host"]: host["state"] for host in venue["hosts"]}
    assert states == {
        "away": "away",
        "down": "down",
        "late": "late",
        "lost": "down",
        "stranger": "up",
        "unseen": "unseen",
        "up": "up",
    }
    assert [incident["host"] for incident in venue["incidents"]] == ["lost", "down"]


async def test_a_venue_named_by_a_hostile_hand_is_json(client: Client) -> None:
    venue = await content(client, "/venues/AQU")

    assert (venue["name"], venue["incidents"]) == (HOSTILE, [])


async def test_a_living_host_has_what_is_measured_of_it(client: Client) -> None:
    host = await content(client, "/hosts/up")

    assert (host["venue"], host["state"], host["cause"]) == ("STA", "up", None)
    assert host["last_heartbeat"] == WALL + NOW - 0.25
    assert (host["role"], host["listed"], host["agent_version"]) == ("results", True, "0.1.0")
    assert (host["heartbeats_missed"], host["restarts"]) == (2, 0)
    assert host["round_trip_s"] == pytest.approx(0.125)
    assert host["incidents"] == []


async def test_a_lost_host_has_its_cause_and_incident(client: Client) -> None:
    host = await content(client, "/hosts/lost")

    (incident,) = host["incidents"]
    assert (host["state"], host["up"]) == ("down", False)
    assert host["cause"] == incident["cause"] == "connection_lost"
    assert await content(client, f"/incidents/{incident['number']}") == incident


async def test_a_host_that_was_never_heard_has_no_times(client: Client) -> None:
    host = await content(client, "/hosts/silent")

    assert (host["last_heartbeat"], host["agent_version"], host["checks"]) == (None, None, [])
