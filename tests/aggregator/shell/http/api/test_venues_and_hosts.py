"""Venues and hosts over the API, of a small fleet."""

from datetime import UTC, datetime
from typing import Any

import pytest

from aggregator.core.credit import OUTSTANDING_BYTES
from aggregator.core.incidents.standing import CENTRE_STATES
from tests.aggregator.shell.http.conftest import Client
from tests.kit.machine import WALL
from tests.kit.scripted_fleet import HOSTILE, NOW, ScriptedFleet
from venuewatch.base.wire.messages import Backlog


async def content(client: Client, path: str) -> dict[str, Any]:
    answer = await client.get(path)
    assert (answer.status, answer.content_type) == (200, "application/json")
    found: dict[str, Any] = await answer.json()
    return found


async def test_a_venue_has_its_state_hosts_and_open_incidents(client: Client) -> None:
    venue = await content(client, "/api/v1/venues/STA")

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
    assert [incident["host"] for incident in venue["open"]] == ["down", "lost"]
    assert (venue["severity"], venue["incident"]) == ("critical", venue["open"][0]["number"])
    assert (venue["sentence"], venue["since"]) == (
        venue["open"][0]["sentence"],
        venue["open"][0]["opened_at"],
    )
    assert venue["states"] == [host["state"] for host in venue["hosts"]]
    assert sum(venue["counts"].values()) == len(venue["hosts"])


async def test_a_venue_named_by_a_hostile_hand_is_json(client: Client) -> None:
    venue = await content(client, "/api/v1/venues/AQU")

    assert (venue["name"], venue["open"]) == (HOSTILE, [])


async def test_a_living_host_has_what_is_measured_of_it(client: Client) -> None:
    host = await content(client, "/api/v1/hosts/up")

    assert (host["venue"], host["state"], host["cause"]) == ("STA", "up", None)
    assert host["last_heartbeat"] == WALL + NOW - 0.25
    assert (host["role"], host["listed"], host["agent_version"]) == ("results", True, "0.1.0")
    assert (host["heartbeats_missed"], host["restarts"]) == (2, 0)
    assert host["round_trip_s"] == pytest.approx(0.125)
    assert host["incidents"] == []


async def test_a_lost_host_has_its_cause_and_incident(client: Client) -> None:
    host = await content(client, "/api/v1/hosts/lost")

    (incident,) = host["incidents"]
    assert (host["state"], host["up"]) == ("down", False)
    assert host["cause"] == incident["cause"] == "connection_lost"
    assert (host["sentence"], host["severity"]) == (incident["sentence"], "critical")
    assert host["since"] == incident["opened_at"] == WALL + 18.2
    assert [step["kind"] for step in host["evidence"]] == ["seen"] * len(incident["evidence"])


async def test_a_host_that_was_never_heard_has_no_times(client: Client) -> None:
    host = await content(client, "/api/v1/hosts/silent")

    assert (host["last_heartbeat"], host["agent_version"], host["checks"]) == (None, None, [])


async def test_a_hosts_vitals_are_those_of_its_last_message(client: Client) -> None:
    vitals = (await content(client, "/api/v1/hosts/up"))["vitals"]

    assert (vitals["load_1m"], vitals["cpus"], vitals["at"]) == (0.25, 2, WALL + 19.938)
    assert vitals["memory_used_ratio"] is None  # what is available was not said
    cpu = vitals["values"]["node_cpu_seconds_total"]
    assert {"labels": {"cpu": "0", "mode": "user"}, "value": 12.5} in cpu


async def test_a_farewell_has_the_time_at_which_it_counts_as_down(client: Client) -> None:
    away = await content(client, "/api/v1/hosts/away")

    assert (away["state"], away["severity"]) == ("away", "info")
    assert away["down_at"] == away["since"] + 900.0
    until = datetime.fromtimestamp(away["down_at"], UTC).astimezone()
    assert f"said farewell. It counts as down at {until:%H:%M:%S %Z}, " in away["sentence"]


@pytest.mark.parametrize("name", ["late", "away", "unseen", "down", "lost"])
async def test_whatever_is_not_well_is_told_in_a_sentence(client: Client, name: str) -> None:
    host = await content(client, f"/api/v1/hosts/{name}")
    here = await content(client, "/api/v1/venues/STA")

    (line,) = [line for line in here["hosts"] if line["host"] == name]
    assert host["sentence"].startswith(name) or name in host["sentence"]
    assert {key: host[key] for key in line} == line


async def test_a_well_host_is_told_in_no_sentence(client: Client) -> None:
    host = await content(client, "/api/v1/hosts/up")

    assert (host["sentence"], host["severity"], host["incident"]) == (None, None, None)


async def test_a_check_is_told_by_its_own_incident(client: Client, fleet: ScriptedFleet) -> None:
    machine = fleet.machines["up"]
    fleet.deliver(machine.check(fleet.now, 0, "frozen"))

    host = await content(client, "/api/v1/hosts/up")

    (check,) = host["checks"]
    (incident,) = host["incidents"]
    assert (check["state"], check["severity"]) == ("frozen", "critical")
    assert check["sentence"] == incident["sentence"] == host["sentence"]
    assert check["values"]["venuewatch_check_up"] == [{"labels": {}, "value": 0}]


async def test_a_host_shows_what_it_waits_to_send_and_what_is_granted(
    client: Client, fleet: ScriptedFleet
) -> None:
    machine = fleet.machines["up"]
    before = await content(client, "/api/v1/hosts/up")

    fleet.deliver(machine.said(Backlog(machine.boot, machine.session, 0, sent=0, waiting=500)))
    fleet.run(1.0)

    after = await content(client, "/api/v1/hosts/up")
    assert before["backlog"] is None
    assert after["backlog"] == {"waiting": 500, "granted_bytes": OUTSTANDING_BYTES}


async def test_what_was_refused_of_a_host_is_shown_by_stream(client: Client) -> None:
    lost = await content(client, "/api/v1/hosts/lost")

    assert lost["refused"] == {"vitals": 2}


async def test_states_of_the_last_day_end_with_the_present_one(client: Client) -> None:
    host = await content(client, "/api/v1/hosts/lost")

    (span,) = host["states"]
    assert span == {"state": "down", "start": WALL + 18.2, "end": None}


async def test_venues_come_in_the_order_of_the_inventory_by_pages(client: Client) -> None:
    first = await content(client, "/api/v1/venues?limit=2")
    second = await content(client, f"/api/v1/venues?limit=2&cursor={first['next']}")

    assert [venue["venue"] for venue in first["venues"]] == ["STA", "AQU"]
    assert [venue["venue"] for venue in second["venues"]] == ["NEW"]
    assert second["next"] is None
    assert first["centre"]["name"] == "centre-1"


async def test_venues_of_one_state_are_asked_for_alone(client: Client) -> None:
    page = await content(client, "/api/v1/venues?state=degraded")

    assert [venue["venue"] for venue in page["venues"]] == ["STA"]


async def test_the_centre_counts_hosts_and_open_incidents(client: Client) -> None:
    centre = await content(client, "/api/v1/centre")

    assert (centre["state"], centre["sentence"], centre["venues"]) == ("hears", None, 3)
    assert centre["open"] == {"critical": 2, "warning": 0, "info": 0}
    assert centre["hosts"]["down"] == 2
    assert centre["at"] == WALL + NOW


async def test_a_blind_centre_says_so_before_it_is_an_incident(
    client: Client, fleet: ScriptedFleet
) -> None:
    fleet.centre.lost(NOW - 0.5)

    centre = await content(client, "/api/v1/centre")

    assert (centre["state"], centre["since"]) == ("blind", WALL + NOW - 0.5)
    assert (centre["sentence"], centre["severity"]) == CENTRE_STATES["blind"][::-1]


@pytest.mark.parametrize(
    ("path", "status", "detail"),
    [
        ("/venues/ST", 404, 'unknown venue "ST" - did you mean "STA"?'),
        ("/hosts/silnt", 404, 'unknown host "silnt" - did you mean "silent"?'),
        ("/venues?cursor=NO", 404, "the venue of this cursor is not there any more"),
        ("/venues?state=fine", 400, 'unknown value "fine" at query.state - Known: '),
        ("/venues?limit=0", 400, "expected "),
        ("/venues?state=null", 400, 'unknown value "null" at query.state'),
        ("/hosts/up?x=1", 400, 'unknown parameter "x"'),
        ("/nothing", 404, 'unknown path "/api/v1/nothing"'),
        ("/search", 400, 'missing field "q" at query'),
        ("/search?q=" + "x" * 101, 400, "expected "),
    ],
)
async def test_a_refusal_is_a_problem_of_one_line(
    client: Client, path: str, status: int, detail: str
) -> None:
    answer = await client.get(f"/api/v1{path}")

    problem = await answer.json()
    assert (answer.status, answer.content_type) == (status, "application/problem+json")
    assert (problem["status"], problem["type"]) == (status, "about:blank")
    assert problem["detail"].startswith(detail)
    assert "\n" not in problem["detail"]
