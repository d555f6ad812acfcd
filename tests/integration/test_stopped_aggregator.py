"""An aggregator that does not run for 20 s tells that of itself, and accuses nobody of it."""

import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.integration.real import Agent, Aggregator, Mosquitto, Process, inventory_of, pause, until

pytestmark = [pytest.mark.real, pytest.mark.timeout(150)]

PLAYED = (("STA", "wired", 5), ("AQU", "satellite", 5))
REAL = ("TAH", "wired", 3)
HOSTS = 13
BUSY = '[heartbeat]\nvitals_every_s = 1\n[[check]]\nkind = "file"\nname = "file"\nevery_s = 1\n'
STOPPED_S = 20.0


@pytest.fixture
def aggregator(tmp_path: Path, broker: Mosquitto) -> Iterator[Aggregator]:
    """The aggregator of a fleet of which some are real agents that send as often as they may."""
    (tmp_path / "fleet.toml").write_text(inventory_of(*PLAYED))
    options = ("--inventory", "fleet.toml", "--port", str(broker.port))
    pattern = f'pattern = "{tmp_path}/*.toml"'
    with ExitStack() as stack:
        inventory = inventory_of(*PLAYED, REAL)
        made = stack.enter_context(Aggregator(tmp_path, broker.port, inventory=inventory))
        fleet = (sys.executable, "-m", "venuewatch.demo.fleet", *options)
        stack.enter_context(Process(tmp_path, "fleet", *fleet))
        for number in (1, 2, 3):
            host = f"TAH-{number}"
            stack.enter_context(Agent(tmp_path, broker.port, host, broker=f"{BUSY}{pattern}"))
        until("every host is up", lambda: hosts_up(made) == HOSTS, within_s=60.0)
        until("it is ready", made.is_ready)
        yield made


def hosts_up(aggregator: Aggregator) -> int:
    return len(aggregator.page().of("venuewatch_host_state", state="up"))


def granted_bytes(aggregator: Aggregator) -> float:
    return aggregator.value("venuewatch_aggregator_backlog_granted_bytes_total") or 0.0


def told(aggregator: Aggregator) -> list[tuple[object, object, object]]:
    """Return what was told of incidents: the change, the scope, and why."""
    return [
        (each["change"], each["scope"], each["cause"]) for each in aggregator.events("incident")
    ]


def test_a_stopped_aggregator_accuses_nobody_when_it_goes_on(aggregator: Aggregator) -> None:
    aggregator.signal(signal.SIGSTOP)
    pause(STOPPED_S)
    aggregator.signal(signal.SIGCONT)

    blind = ("opened", "centre", "aggregator_blind")
    until("it tells of itself", lambda: blind in told(aggregator), within_s=30.0)
    until("it is ready", aggregator.is_ready, within_s=30.0)
    until("backlog comes", lambda: granted_bytes(aggregator) > 0, within_s=60.0, every_s=0.5)
    pause(5.0)  # what would be accused by what had waited is accused by now

    assert {scope for _, scope, _ in told(aggregator)} == {"centre"}
    assert {cause for _, _, cause in told(aggregator)} == {"aggregator_blind"}
    assert told(aggregator).count(blind) == 1
    assert aggregator.accused() == []
    assert aggregator.page().of("venuewatch_host_refused_total") == []
    assert hosts_up(aggregator) == HOSTS
