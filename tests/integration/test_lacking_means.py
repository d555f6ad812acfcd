"""An agent whose machine refuses it something while it runs: beats go on, and it is said once."""

import resource
import shutil
from pathlib import Path

import pytest

from tests.integration.real import Agent, Aggregator, Mosquitto, until

pytestmark = pytest.mark.real

HOST = "STA-1"
EACH_SECOND = "[heartbeat]\ninterval_s = 0.2\nvitals_every_s = 1"


def refused(aggregator: Aggregator, means: str) -> float:
    """Return how often the agent was refused it, as the aggregator shows."""
    name = "venuewatch_agent_means_refused_total"
    return sum(value for _, value in aggregator.page().of(name, host=HOST, means=means))


def is_up(aggregator: Aggregator) -> bool:
    return aggregator.page().value("venuewatch_host_up", host=HOST) == 1.0


def successes(aggregator: Aggregator) -> set[float]:
    found = aggregator.page().of("node_scrape_collector_success", host=HOST)
    return {value for _, value in found}


def test_agent_without_a_descriptor_beats_on_and_says_so_once(
    tmp_path: Path, broker: Mosquitto, aggregator: Aggregator
) -> None:
    with Agent(tmp_path, broker.port, HOST, broker=EACH_SECOND) as agent:
        until("it is well", lambda: successes(aggregator) == {1.0})
        _, hard = resource.prlimit(agent.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(agent.pid, resource.RLIMIT_NOFILE, (1, hard))

        until("it is counted", lambda: refused(aggregator, "descriptors") > 2.0)

        assert is_up(aggregator)
        told = [event["means"] for event in agent.events("means_refused")]
        assert told.count("descriptors") == 1
        resource.prlimit(agent.pid, resource.RLIMIT_NOFILE, (hard, hard))
        until("it is well again", lambda: successes(aggregator) == {1.0})
        assert agent.is_running


def test_spool_whose_folder_is_deleted_is_made_again(
    tmp_path: Path, broker: Mosquitto, aggregator: Aggregator
) -> None:
    kept = tmp_path / "kept"
    settings = f'{EACH_SECOND}\n[spool]\ndirectory = "{kept}"'
    with Agent(tmp_path, broker.port, HOST, broker=settings) as agent:
        until("it is well", lambda: successes(aggregator) == {1.0})
        aggregator.stop()
        until("readings are kept", lambda: any(kept.glob("*.spool")))

        shutil.rmtree(kept)

        until("readings are kept again", lambda: any(kept.glob("*.spool")))
        aggregator.start()
        lost = "venuewatch_agent_dropped_total"
        until(
            "the loss is counted",
            lambda: sum(value for _, value in aggregator.page().of(lost, host=HOST)) >= 1.0,
        )
        assert is_up(aggregator)
        assert agent.is_running


def test_agent_whose_disk_takes_nothing_beats_on_and_loses_nothing(
    tmp_path: Path, broker: Mosquitto, aggregator: Aggregator
) -> None:
    kept = tmp_path / "kept"
    settings = f'{EACH_SECOND}\n[spool]\ndirectory = "{kept}"'
    with Agent(tmp_path, broker.port, HOST, broker=settings) as agent:
        until("it is well", lambda: successes(aggregator) == {1.0})
        _, hard = resource.prlimit(agent.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(agent.pid, resource.RLIMIT_FSIZE, (0, hard))
        aggregator.stop()
        until("readings are to be kept", lambda: any(kept.glob("*.spool")))

        aggregator.start()

        until("it is counted", lambda: refused(aggregator, "disk") > 0.0)
        assert is_up(aggregator)
        resource.prlimit(agent.pid, resource.RLIMIT_FSIZE, (hard, hard))
        until("all is sent", lambda: waiting(aggregator) == 0.0)
        assert aggregator.value("venuewatch_agent_dropped_total", host=HOST) == 0.0
        assert agent.is_running


def waiting(aggregator: Aggregator) -> float | None:
    return aggregator.value("venuewatch_agent_spool_records", host=HOST)
