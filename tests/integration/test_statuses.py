"""A program that connects later learns each venue's status from the broker."""

import json
import queue
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.peer import Peer
from tests.integration.real import Agent, Aggregator, Mosquitto, running_agents, until

pytestmark = pytest.mark.real

HOSTS = ("STA-1", "STA-2", "TAH-1")


@pytest.fixture
def agents(tmp_path: Path, broker: Mosquitto, aggregator: Aggregator) -> Iterator[dict[str, Agent]]:
    """Every host, up."""
    with running_agents(tmp_path, broker, aggregator, HOSTS) as agents:
        yield agents


def kept(broker: Mosquitto) -> dict[str, Any]:
    """Return the status of each venue, as a program that connects now receives it."""
    with Peer(broker.port, "board") as board:
        board.listen("venuewatch/v1/_status/+")
        told: dict[str, Any] = {}
        while len(told) < 2:
            try:
                topic, payload, _ = board.hear()
            except queue.Empty:
                return told
            told[topic.rpartition("/")[2]] = json.loads(payload)
        return told


def test_a_venue_s_status_is_kept_for_a_later_program(
    broker: Mosquitto, aggregator: Aggregator, agents: dict[str, Agent]
) -> None:
    until("all is well", lambda: {it["state"] for it in kept(broker).values()} == {"ok"})

    agents["STA-1"].kill()
    aggregator.wait_for("STA-1", "down")
    until("it is said", lambda: kept(broker)["STA"]["state"] == "degraded")
    told = kept(broker)

    assert told["STA"]["hosts"]["down"] == 1
    assert sum(told["STA"]["hosts"].values()) == 2
    assert [(each["host"], each["scope"]) for each in told["STA"]["incidents"]] == [
        ("STA-1", "host")
    ]
    assert (told["TAH"]["state"], told["TAH"]["open"]) == ("ok", 0)
    agents["STA-1"].start()
    until("all is well again", lambda: kept(broker)["STA"]["open"] == 0)
