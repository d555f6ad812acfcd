"""Incidents of a small fleet, and excuses, over the API."""

import re
from pathlib import Path
from typing import Any

import pytest
from yarl import URL

from aggregator import core
from aggregator.core.incidents.record import IncidentChanged
from aggregator.shell.http.api.record import incident_json
from aggregator.shell.http.api.timeline import WORDS, timeline_of
from aggregator.shell.told import Telling, Told
from aggregator.shell.walltime import WallTime
from tests.aggregator.shell.http.conftest import Client
from tests.kit.machine import WALL
from tests.kit.scripted_fleet import NOW, ScriptedFleet
from tests.kit.story import Story
from tests.kit.worlds import WORLDS

PATH = "/api/v1/incidents"
EVIDENCE = re.compile(r"""Evidence\([^,()]+,[^,()]+,\s*"([a-z_]+)""")


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
        ("open=0", 'unknown value "0" at query.open - Known: 1'),
        ("open=", 'unknown value "" at query.open - Known: 1'),
        ("open=1&open=1", "expected open once"),
        ("cursor=x", "expected the cursor of a page before"),
        ("cursor=0", "expected the cursor of a page before"),
        ("limit=1001", "expected "),
        ("limit=x", "expected "),
        ("venue=STA&venue=AQU", "expected venue once"),
        ("host=up", 'unknown parameter "host" - Known: cursor, limit, open, venue'),
        ("%F0%9F%92%A9=1", 'unknown parameter "💩" - Known: cursor, limit, open, venue'),
    ],
)
async def test_any_other_query_is_refused_in_one_line(
    client: Client, query: str, line: str
) -> None:
    answer = await client.get(f"{PATH}?{query}")

    problem = await answer.json()
    assert (answer.status, answer.content_type) == (400, "application/problem+json")
    assert problem["detail"].startswith(line)


async def test_an_unknown_venue_has_no_incidents(client: Client) -> None:
    answer = await client.get(PATH, params={"venue": "ST"})

    problem = await answer.json()
    assert (answer.status, problem["title"]) == (404, "Not Found")
    assert problem["detail"] == 'unknown venue "ST" - did you mean "STA"? Known: AQU, NEW, STA'


async def test_an_incident_is_told_in_one_sentence(client: Client) -> None:
    (lost,) = [each for each in await incidents(client) if each["host"] == "lost"]

    assert "lost in STA" in lost["sentence"]
    assert (lost["severity"], lost["alert"]) == ("critical", "VenuewatchHostDown")
    assert (lost["since"], lost["path"]) == (lost["opened_at"], f"/incidents/{lost['number']}")


async def test_pages_of_incidents_are_disjoint_and_whole(client: Client) -> None:
    first = await answer(client, limit="1")
    second = await answer(client, limit="1", cursor=first["next"])

    numbers = [each["number"] for page in (first, second) for each in page["incidents"]]
    assert numbers == [2, 1]
    assert second["next"] is None


async def test_a_timeline_has_what_was_seen_and_who_was_told(client: Client, told: Told) -> None:
    told.note(1, Telling(WALL + 19.0, "webhook", "opened", "it was taken (200)"))

    whole = await (await client.get(f"{PATH}/1")).json()

    steps = whole["timeline"]
    assert [step["at"] for step in steps] == sorted(step["at"] for step in steps)
    assert {"seen", "opened", "told"} == {step["kind"] for step in steps}
    (last,) = [step for step in steps if step["kind"] == "told"]
    assert last["sentence"] == "webhook was told: opened. The answer: it was taken (200)."
    assert all(step["sentence"] and "{" not in step["sentence"] for step in steps)
    assert whole["sentence"]


@pytest.mark.parametrize("number", ["one", "0", "-1", "9" * 99, "3", "1.0", "%F0%9F%92%A9"])
async def test_an_unknown_incident_is_not_found(client: Client, number: str) -> None:
    answer = await client.get(URL(f"{PATH}/{number}", encoded=True))

    assert (answer.status, answer.content_type) == (404, "application/problem+json")


async def test_every_cause_has_a_timeline_in_sentences() -> None:
    for cause, happen in WORLDS.items():
        story = Story(away_limit_s=12.0).bring_up()
        happen(story)
        story.run(15.0)
        changes = [out.incident for out in story.said() if isinstance(out, IncidentChanged)]
        told = [incident for incident in changes if incident.cause is cause][-1]
        record = incident_json(told, WallTime(0.0, WALL))
        steps = timeline_of(record, told, (), ())

        assert all("{" not in step.sentence and "?" not in step.sentence for step in steps), cause
        assert {step.kind for step in steps} >= {"seen", "opened"}


def test_every_kind_of_evidence_has_a_sentence() -> None:
    files = Path(core.__path__[0]).rglob("*.py")
    kinds = {kind for file in files for kind in EVIDENCE.findall(file.read_text())}

    assert len(kinds) > 15
    assert kinds <= {"probe", *WORDS}
