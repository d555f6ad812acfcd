"""Agents with one folder for their spools: each reading comes once, and is its own host's."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from agent.spool.thread import TAKE_EVERY_S
from tests.integration.real import Agent, Aggregator, Mosquitto, until

pytestmark = pytest.mark.real

HOSTS = ("STA-1", "STA-2")
SETTINGS = '[heartbeat]\ninterval_s = 0.2\nvitals_every_s = 1\n[spool]\ndirectory = "{folder}"'


def boots_of(agent: Agent) -> set[str]:
    return {str(line["boot"]) for line in agent.events("agent_started")}


def late_boots(folder: Path, host: str) -> set[str]:
    """Return the boots whose late readings the aggregator has stored as this host's."""
    with closing(sqlite3.connect(folder / "journal.sqlite")) as journal:
        rows = journal.execute("SELECT DISTINCT boot FROM readings WHERE host = ?", (host,))
        return {boot for (boot,) in rows}


def has_kept(folder: Path, records: int) -> bool:
    return sum(path.read_bytes().count(b"vwR\x01") for path in folder.glob("*.spool")) >= records


def test_two_hosts_with_one_folder_send_their_own_readings(
    tmp_path: Path, broker: Mosquitto, aggregator: Aggregator
) -> None:
    kept = tmp_path / "kept"
    settings = SETTINGS.format(folder=kept)
    agents = {host: Agent(tmp_path, broker.port, host, broker=settings) for host in HOSTS}
    with agents["STA-1"], agents["STA-2"]:
        for host in HOSTS:
            aggregator.wait_for(host, "up")
        aggregator.stop()
        for each in (kept, next(kept.glob("of-STA-*"))):
            until("readings are kept", lambda each=each: has_kept(each, 3))  # type: ignore[misc]

        aggregator.start()
        for host in HOSTS:
            until("all has come", lambda host=host: aggregator.is_caught_up(host))  # type: ignore[misc]

        for host in HOSTS:
            assert late_boots(tmp_path, host) == boots_of(agents[host])
            assert aggregator.value("venuewatch_agent_dropped_total", host=host) == 0.0


def test_agent_that_another_of_its_host_outlives_waits_and_goes_on(
    tmp_path: Path, broker: Mosquitto, aggregator: Aggregator
) -> None:
    kept = tmp_path / "kept"
    settings = SETTINGS.format(folder=kept)
    old = Agent(tmp_path, broker.port, "STA-1", name="old", broker=settings)
    new = Agent(tmp_path, broker.port, "STA-1", name="new", broker=settings)
    aggregator.stop()
    broker.stop()
    with old, new:
        until("readings are kept", lambda: has_kept(kept, 2))
        agents = (old, new)
        until("one is told", lambda: any(refusals(agent) for agent in agents))
        first, second = sorted(agents, key=lambda agent: bool(refusals(agent)))

        first.kill()
        broker.start()
        aggregator.start()

        until("all has come", lambda: aggregator.is_caught_up("STA-1"))
        until(
            "both boots have come",
            lambda: late_boots(tmp_path, "STA-1") == boots_of(first) | boots_of(second),
            within_s=TAKE_EVERY_S + 15.0,
        )
        assert refusals(first) == []
        assert len(refusals(second)) == 1
        assert f"another agent of this host has {kept}" in refusals(second)[0]
        assert second.is_running


def refusals(agent: Agent) -> list[str]:
    """Return what an agent has said of its disk."""
    told = agent.events("means_refused")
    return [json.dumps(line["why"]).strip('"') for line in told if line["means"] == "disk"]
