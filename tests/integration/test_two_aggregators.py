"""Two aggregators at one broker: each measures every host, and neither accuses one."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.older_agent import OlderAgent
from tests.integration.real import Agent, Aggregator, Mosquitto, Process, inventory_of, pause, until

pytestmark = pytest.mark.real

HOSTS = 12
REAL, OLDER = "STA-1", "TAH-1"
VENUES = (("STA", "wired", HOSTS // 2), ("AQU", "wired", HOSTS // 2), ("TAH", "wired", 1))
WRONG_S = 0.5
FIRST, SECOND = "centre-1", "centre-2"


@pytest.fixture
def pair(tmp_path: Path, broker: Mosquitto) -> Iterator[dict[str, Aggregator]]:
    """Both aggregators over the same fleet; the second starts a moment after the first."""
    made = {}
    for name in (SECOND, FIRST):
        folder = tmp_path / name
        folder.mkdir()
        made[name] = Aggregator(folder, broker.port, inventory=inventory_of(*VENUES), name=name)
    with made[SECOND], made[FIRST]:
        yield made


@pytest.fixture
def fleet(tmp_path: Path, broker: Mosquitto, pair: dict[str, Aggregator]) -> Iterator[None]:
    """Twelve hosts, one of them with the real agent, and one with an older agent."""
    (tmp_path / "small.toml").write_text(inventory_of(*VENUES[:2]))
    options = ("--inventory", "small.toml", "--port", str(broker.port), "--without", REAL)
    small = Process(tmp_path, "fleet", sys.executable, "-m", "venuewatch.demo.fleet", *options)
    with small, Agent(tmp_path, broker.port, REAL), OlderAgent(broker.port, OLDER):
        for aggregator in pair.values():
            until_all_up(aggregator)
        yield


def until_all_up(aggregator: Aggregator) -> None:
    until("every host is up", lambda: hosts_with(aggregator, "up") == HOSTS + 1, within_s=30.0)


def hosts_with(aggregator: Aggregator, state: str) -> int:
    return len(aggregator.page().of("venuewatch_host_state", state=state))


def measured(aggregator: Aggregator) -> set[str]:
    found = aggregator.page().of("venuewatch_host_round_trip_seconds")
    return {labels["host"] for labels, _ in found}


def until_right(aggregator: Aggregator, *measures: str) -> None:
    """Wait until no host is measured wrong; one that was held up may be, for a beat."""

    def are_right() -> bool:
        page = aggregator.page()
        found = [page.of(f"venuewatch_host_{measure}_seconds") for measure in measures]
        return all(found) and all(abs(value) < WRONG_S for each in found for _, value in each)

    until(f"{measures} are right", are_right)


def incidents(aggregator: Aggregator) -> list[str]:
    """Name the cause of every change of an incident that it has ever reported."""
    return [str(each["cause"]) for each in aggregator.events("incident")]


@pytest.mark.usefixtures("fleet")
def test_two_aggregators_come_and_go_and_accuse_no_host(pair: dict[str, Aggregator]) -> None:
    first, second = pair[FIRST], pair[SECOND]
    until("the first measures everybody", lambda: len(measured(first)) == HOSTS + 1)
    until("the second measures all but one", lambda: len(measured(second)) == HOSTS)
    pause(12.0)  # by when two that share one tick take many a host's clock for wrong by seconds
    for aggregator in pair.values():
        until_right(aggregator, "clock_offset", "round_trip")
    ends: tuple[tuple[Aggregator, Callable[[Aggregator], object], float], ...] = (
        (first, Aggregator.kill, 2.0),
        (second, Aggregator.stop, 1.0),
    )
    for aggregator, end, away_s in ends:
        end(aggregator)
        pause(away_s)
        if aggregator is first:
            until("the older agent is the other's", lambda: OLDER in measured(second))
        aggregator.start()
        until_all_up(aggregator)
    pause(5.0)

    for aggregator in pair.values():
        assert incidents(aggregator) == []
        assert aggregator.accused() == []
        until_right(aggregator, "clock_offset")
    assert OLDER in measured(first)
    assert OLDER not in measured(second)
