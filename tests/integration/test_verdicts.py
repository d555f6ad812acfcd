"""Verdicts of the aggregator on real agents, through a real broker."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.real import Agent, Aggregator, Mosquitto, until
from venuewatch.base import clock

pytestmark = pytest.mark.real


@pytest.fixture
def agent(tmp_path: Path, broker: Mosquitto, aggregator: Aggregator) -> Iterator[Agent]:
    with Agent(tmp_path, broker.port, "STA-1") as running:
        aggregator.wait_for("STA-1", "up")
        yield running


def seconds_until_not_up(aggregator: Aggregator, host: str) -> float:
    begin = clock.monotonic()
    until(f"{host} is not up", lambda: aggregator.value("venuewatch_host_up", host=host) == 0)
    return clock.monotonic() - begin


@pytest.mark.timed
def test_a_killed_agent_is_known_within_half_a_second(aggregator: Aggregator, agent: Agent) -> None:
    agent.kill()

    elapsed_s = seconds_until_not_up(aggregator, "STA-1")

    assert elapsed_s <= 0.5
    assert aggregator.state("STA-1") == "down"
    assert aggregator.value("venuewatch_host_problem", host="STA-1", cause="connection_lost") == 1


@pytest.mark.timed
def test_a_frozen_agent_is_known_within_three_seconds_and_comes_back(
    aggregator: Aggregator, agent: Agent
) -> None:
    agent.signal(signal.SIGSTOP)

    elapsed_s = seconds_until_not_up(aggregator, "STA-1")

    assert elapsed_s <= 3.0
    assert aggregator.value("venuewatch_host_problem", host="STA-1", cause="silent") == 1
    agent.signal(signal.SIGCONT)
    aggregator.wait_for("STA-1", "up")


def test_a_clean_stop_is_away_and_never_down(aggregator: Aggregator, agent: Agent) -> None:
    code = agent.stop()

    assert code == 0
    aggregator.wait_for("STA-1", "away", within_s=1.0)
    assert aggregator.accused() == []


def test_a_returning_agent_is_up_with_its_first_beat(aggregator: Aggregator, agent: Agent) -> None:
    agent.stop()
    aggregator.wait_for("STA-1", "away")

    agent.start()

    aggregator.wait_for("STA-1", "up")
    assert aggregator.value("venuewatch_host_restarts_total", host="STA-1") == 1


def test_a_takeover_by_a_new_session_accuses_no_host(
    tmp_path: Path, broker: Mosquitto, aggregator: Aggregator, agent: Agent
) -> None:
    agent.signal(signal.SIGSTOP)  # it can not take its place back

    with Agent(tmp_path, broker.port, "STA-1", name="successor"):
        until(
            "the successor beats",
            lambda: aggregator.value("venuewatch_host_restarts_total", host="STA-1") == 1,
        )
        heard = aggregator.value("venuewatch_aggregator_messages_total", stream="death")
        agent.kill()

        assert heard == 1
        assert aggregator.state("STA-1") == "up"
        assert aggregator.accused() == []
