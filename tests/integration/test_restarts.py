"""A restart of the broker or of the aggregator accuses no host."""

import sys
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from tests.integration.real import Agent, Aggregator, Mosquitto, Process, until

pytestmark = pytest.mark.real

EXAMPLE = files("venuewatch.demo") / "inventory.toml"
REAL_HOST = "TOC-ops-01"
ALL_HOSTS = 256


@pytest.fixture
def aggregator(tmp_path: Path, broker: Mosquitto) -> Iterator[Aggregator]:
    with Aggregator(tmp_path, broker.port, inventory=EXAMPLE.read_text()) as running:
        yield running


@pytest.fixture
def agent(tmp_path: Path, broker: Mosquitto) -> Iterator[Agent]:
    with Agent(tmp_path, broker.port, REAL_HOST) as running:
        yield running


@pytest.fixture
def fleet(
    tmp_path: Path,
    broker: Mosquitto,
    aggregator: Aggregator,
    agent: Agent,  # noqa: ARG001 - one of the fleet
) -> Iterator[Process]:
    """All of the example's hosts, one of them a real agent; yielded when all are up."""
    inventory = str(tmp_path / "inventory.toml")
    arguments = ("--inventory", inventory, "--port", str(broker.port))
    module = "venuewatch.demo.fleet"
    process = Process(
        tmp_path, "fleet", sys.executable, "-I", "-m", module, *arguments, "--without", REAL_HOST
    )
    with process as running:
        until_all_up(aggregator)
        yield running


def hosts_up(aggregator: Aggregator) -> int:
    text = aggregator.get("/metrics") or ""
    lines = [line for line in text.splitlines() if line.startswith("venuewatch_host_state{")]
    return sum('state="up"' in line for line in lines)


def until_all_up(aggregator: Aggregator, *, within_s: float = 30.0) -> None:
    until("every host is up", lambda: hosts_up(aggregator) == ALL_HOSTS, within_s=within_s)


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize("end", [Mosquitto.stop, Mosquitto.kill])
def test_a_broker_that_ends_and_restarts_accuses_no_host(
    end: Callable[[Mosquitto], object], broker: Mosquitto, aggregator: Aggregator, agent: Agent
) -> None:
    end(broker)
    until("the aggregator is blind", lambda: aggregator.events("broker_lost"))
    blind = aggregator.get("/metrics") or ""

    broker.start()

    assert 'state="unknown"} 1' in blind
    assert f'venuewatch_host_up{{venue="TOC",host="{REAL_HOST}"}} 1' in blind
    until_all_up(aggregator)
    until("the grace is over", aggregator.is_ready, within_s=30.0)
    assert aggregator.accused() == []
    assert len(agent.events("broker_connected")) >= 2


@pytest.mark.usefixtures("fleet")
def test_who_left_while_the_aggregator_was_away_is_away(
    aggregator: Aggregator, agent: Agent
) -> None:
    code = aggregator.stop()
    agent.stop()
    aggregator.start()

    until("the grace is over", aggregator.is_ready, within_s=30.0)

    assert code == 0
    assert aggregator.state(REAL_HOST) == "away"
    assert hosts_up(aggregator) == ALL_HOSTS - 1
    assert aggregator.accused() == []
