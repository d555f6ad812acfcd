"""Incidents outlive every way in which the aggregator can be stopped."""

import json
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.real import (
    Agent,
    Aggregator,
    Mosquitto,
    in_thread,
    inventory_of,
    running_agents,
    until,
)
from tests.kit.receiver import Receiver
from venuewatch.base import clock

pytestmark = pytest.mark.real

INVENTORY = inventory_of(("STA", "wired", 3), ("AQU", "wired", 1))
STA = ("STA-1", "STA-2", "STA-3")
GRACE_S = 30.0

TOLD_WITHIN_S = 5.0
"""How long (s) after a verdict its notice comes, on a busy machine; 0.5 s is what it may take."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with in_thread(Receiver.serving()) as serving:
        yield serving


@pytest.fixture
def aggregator(tmp_path: Path, broker: Mosquitto, receiver: Receiver) -> Iterator[Aggregator]:
    more = f'[notify]\nwebhook_url = "{receiver.url}"\nretry_max_s = 0.5\n'
    with Aggregator(tmp_path, broker.port, inventory=INVENTORY, broker=more) as running:
        yield running


@pytest.fixture
def agents(tmp_path: Path, broker: Mosquitto, aggregator: Aggregator) -> Iterator[dict[str, Agent]]:
    """Every host, up."""
    with running_agents(tmp_path, broker, aggregator, (*STA, "AQU-1")) as agents:
        yield agents


def incidents(aggregator: Aggregator, query: str = "") -> list[dict[str, Any]]:
    text = aggregator.get(f"/api/v1/incidents{query}")
    assert text is not None
    found: list[dict[str, Any]] = json.loads(text)["incidents"]
    return found


def until_open(aggregator: Aggregator, who: str) -> dict[str, Any]:
    def find() -> dict[str, Any] | None:
        found = incidents(aggregator, "?open=1")
        return next((one for one in found if (one["host"] or one["venue"]) == who), None)

    return until(f"{who} has an open incident", find)


def until_closed(aggregator: Aggregator) -> None:
    until("nothing is open", lambda: not incidents(aggregator, "?open=1"))


def taken_ids(receiver: Receiver) -> list[str]:
    return [str(notice["id"]) for notice in receiver.taken]


def told(receiver: Receiver) -> list[tuple[str, str, str]]:
    """Return each notice that was taken: change, host or venue, cause."""
    return [
        (notice["change"], incident["host"] or incident["venue"], incident["cause"])
        for notice in receiver.taken
        for incident in (notice["incident"],)
    ]


def until_told(receiver: Receiver, change: str, who: str) -> None:
    def is_told() -> bool:
        return (change, who) in {line[:2] for line in told(receiver)}

    until(f"it is told that {who} is {change}", is_told, within_s=GRACE_S)


def until_settled(aggregator: Aggregator) -> None:
    until("the grace is over", aggregator.is_ready, within_s=GRACE_S)


def test_a_fall_is_told_and_so_is_its_end(
    aggregator: Aggregator, agents: dict[str, Agent], receiver: Receiver
) -> None:
    agents["STA-1"].kill()
    incident = until_open(aggregator, "STA-1")
    agents["STA-1"].start()
    until_closed(aggregator)

    until("both are told", lambda: len(receiver.taken) >= 2)

    lines = told(receiver)
    assert (lines[0][:2], lines[-1][:2]) == (("opened", "STA-1"), ("closed", "STA-1"))
    assert receiver.taken[0]["aggregator"] == "aggregator"
    assert receiver.taken[0]["url"].endswith(f":{aggregator.port}/incidents/1")
    assert receiver.taken[0]["incident"]["opened_at"] == incident["opened_at"]
    assert abs(incident["opened_at"] - clock.wall()) < 30
    assert 0.0 <= receiver.attempts[0].at - incident["opened_at"] <= TOLD_WITHIN_S
    assert {seen["seen"] for seen in incident["evidence"]} >= {"silence", "will"}


def test_a_receiver_that_fails_is_told_all_of_it_later_and_in_order(
    aggregator: Aggregator, agents: dict[str, Agent], receiver: Receiver
) -> None:
    receiver.usual = 503
    agents["STA-1"].kill()
    until_open(aggregator, "STA-1")
    agents["STA-1"].start()
    until_closed(aggregator)
    until(
        "both wait", lambda: (aggregator.value("venuewatch_aggregator_notices_pending") or 0) >= 2
    )
    tried = set(receiver.ids)

    receiver.usual = 200
    until("all is told", lambda: is_told(aggregator))

    assert tried == {"1-1"}
    ids = list(dict.fromkeys(taken_ids(receiver)))
    assert ids == [f"1-{seq}" for seq in range(1, len(ids) + 1)]
    assert told(receiver)[-1][0] == "closed"
    delivered = aggregator.value("venuewatch_aggregator_notices_total", result="delivered")
    assert delivered == len(ids)


def test_what_was_not_told_when_we_were_killed_is_told_by_the_next_process(
    aggregator: Aggregator, agents: dict[str, Agent], receiver: Receiver
) -> None:
    receiver.usual = 503
    agents["STA-1"].kill()
    until_open(aggregator, "STA-1")
    until("it was tried", lambda: receiver.ids)

    aggregator.kill()
    receiver.usual = 200
    aggregator.start()
    until("it is told", lambda: receiver.taken)
    until_settled(aggregator)

    assert set(Counter(taken_ids(receiver)).values()) == {1}
    opened = [line for line in told(receiver) if line[0] == "opened"]
    assert opened == [("opened", "STA-1", told(receiver)[0][2])]


def test_killed_again_and_again_while_it_tells_it_loses_none_and_opens_none_twice(
    aggregator: Aggregator, agents: dict[str, Agent], receiver: Receiver
) -> None:
    for name in STA[:2]:
        agents[name].kill()
        until_told(receiver, "opened", name)
        aggregator.kill()
        aggregator.start()
    until_settled(aggregator)
    for name in STA[:2]:
        agents[name].start()
    until_closed(aggregator)
    until("all is told", lambda: is_told(aggregator))

    changes = Counter((change, who) for change, who, _ in _once(receiver))
    assert {key: count for key, count in changes.items() if key[0] != "sharpened"} == {
        ("opened", "STA-1"): 1,
        ("opened", "STA-2"): 1,
        ("closed", "STA-1"): 1,
        ("closed", "STA-2"): 1,
    }
    assert [incident["number"] for incident in incidents(aggregator)] == [2, 1]


def is_told(aggregator: Aggregator) -> bool:
    """Tell whether it knows that all its notices were taken; a kill before that repeats one."""
    return aggregator.value("venuewatch_aggregator_notices_pending") == 0


def test_a_venue_that_is_cut_is_one_incident_across_a_restart(
    aggregator: Aggregator, agents: dict[str, Agent], receiver: Receiver
) -> None:
    _send_to_venue(agents, signal.SIGSTOP)
    before = until_open(aggregator, "STA")
    until("its beginning is told", lambda: bool(told(receiver)) and is_told(aggregator))

    aggregator.kill()
    aggregator.start()
    state_at_once = aggregator.state("STA-1")
    up_at_once = aggregator.value("venuewatch_venue_up", venue="AQU")
    until_settled(aggregator)
    after = incidents(aggregator)
    _send_to_venue(agents, signal.SIGCONT)
    until_closed(aggregator)
    until("its end is told", lambda: told(receiver)[-1:] == [("closed", "STA", before["cause"])])

    assert (state_at_once, up_at_once == 1) == ("unreachable", True)
    assert [(it["number"], it["opened_at"]) for it in after] == [
        (before["number"], before["opened_at"])
    ]
    assert _once(receiver) == [
        ("opened", "STA", "venue_unreachable"),
        ("closed", "STA", "venue_unreachable"),
    ]
    accused = Counter(change["host"] for change in aggregator.accused())
    assert accused == dict.fromkeys(STA, 1)


def test_who_dies_while_we_are_away_is_told_once_and_who_was_dead_is_not_told_again(
    aggregator: Aggregator, agents: dict[str, Agent], receiver: Receiver
) -> None:
    agents["STA-1"].kill()
    until_open(aggregator, "STA-1")
    until("it is told", lambda: receiver.taken)

    aggregator.stop()
    agents["STA-2"].kill()
    aggregator.start()
    up_at_once = {name: aggregator.value("venuewatch_host_up", host=name) for name in agents}
    until_settled(aggregator)
    until_open(aggregator, "STA-2")
    until_told(receiver, "opened", "STA-2")

    assert up_at_once == {"STA-1": 0, "STA-2": 1, "STA-3": 1, "AQU-1": 1}
    opened = [who for change, who, _ in _once(receiver) if change == "opened"]
    assert opened == ["STA-1", "STA-2"]
    away = until_open(aggregator, "STA-2")
    assert away["silent_since"] < away["opened_at"] - 10


def test_a_host_that_is_taken_out_of_the_inventory_has_no_open_incident(
    tmp_path: Path, aggregator: Aggregator, agents: dict[str, Agent], receiver: Receiver
) -> None:
    agents["STA-3"].kill()
    until_open(aggregator, "STA-3")
    aggregator.stop()
    (tmp_path / "inventory.toml").write_text(
        INVENTORY.replace('[[venue.host]]\nname = "STA-3"\n', "")
    )

    aggregator.start()
    until_told(receiver, "removed", "STA-3")

    assert incidents(aggregator, "?open=1") == []
    assert aggregator.value("venuewatch_aggregator_incidents_open") == 0


def _send_to_venue(agents: dict[str, Agent], number: signal.Signals) -> None:
    for name in STA:
        agents[name].signal(number)


def _once(receiver: Receiver) -> list[tuple[str, str, str]]:
    """Return the notices received, each id once, as a receiver that heeds ids has them."""
    return list(dict(zip(taken_ids(receiver), told(receiver), strict=True)).values())
