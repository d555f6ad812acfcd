"""Verdicts of the aggregator on real agents, through a real broker."""

import json
import signal
from collections.abc import Callable, Iterator
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


def state_of(aggregator: Aggregator, host: str) -> str:
    """Return a host's state at this moment; a page of metrics may be a second old."""
    return str(json.loads(aggregator.get(f"/api/v1/hosts/{host}") or "{}").get("state"))


def seconds_until_not_up(aggregator: Aggregator, host: str) -> float:
    begin = clock.monotonic()
    until(f"{host} is not up", lambda: state_of(aggregator, host) not in {"up", "late", "None"})
    return clock.monotonic() - begin


def freeze(agent: Agent) -> None:
    agent.signal(signal.SIGSTOP)


def thaw(agent: Agent) -> None:
    agent.signal(signal.SIGCONT)


@pytest.mark.timed
@pytest.mark.parametrize(
    ("end", "again", "within_s", "cause"),
    [(Agent.kill, Agent.start, 0.5, "connection_lost"), (freeze, thaw, 3.0, "silent")],
)
def test_an_agent_that_ends_or_freezes_is_known_in_time_and_comes_back(
    end: Callable[[Agent], object],
    again: Callable[[Agent], object],
    within_s: float,
    cause: str,
    aggregator: Aggregator,
    agent: Agent,
) -> None:
    end(agent)

    elapsed_s = seconds_until_not_up(aggregator, "STA-1")

    assert elapsed_s <= within_s
    aggregator.wait_for("STA-1", "down", within_s=2.0)
    assert aggregator.value("venuewatch_host_problem", host="STA-1", cause=cause) == 1
    again(agent)
    aggregator.wait_for("STA-1", "up")


def test_a_clean_stop_is_away_and_a_return_is_up(aggregator: Aggregator, agent: Agent) -> None:
    code = agent.stop()

    assert code == 0
    aggregator.wait_for("STA-1", "away", within_s=1.0)
    assert aggregator.accused() == []
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
