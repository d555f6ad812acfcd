"""An aggregator that gets too little CPU says so, and accuses nobody of what waits for it."""

import json
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from bench.kit.centres import get
from bench.kit.filling import served
from bench.kit.members import write_inventory
from bench.kit.mosquitto import mosquitto
from bench.kit.processes import Asked, asking, python
from tests.integration.real import pause, until

pytestmark = [pytest.mark.real, pytest.mark.timeout(150)]

HOSTS = 2_000
RUNS_S, RESTS_S = 0.002, 0.283
THROTTLED_S = 12.0
WELL_WITHIN_S = 10.0
ON_A_BUSY_MACHINE = 3.0


class World(NamedTuple):
    centre: Asked
    port: int
    log: Path


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A fleet of which all hosts are up, behind a real broker and the real aggregator."""
    write_inventory(tmp_path / "inventory.toml", HOSTS)
    fleet = ["--hosts", str(HOSTS), "--connections", "20", "--vitals-every", "3600"]
    with (
        mosquitto(tmp_path) as broker,
        served(tmp_path, broker.port) as (centre, port),
        asking(
            python("bench.kit.carried", "--port", str(broker.port), *fleet),
            log=tmp_path / "fleet.log",
        ) as said,
    ):
        said.read_answer()
        until("every host is up", lambda: is_ready(port), within_s=60.0)
        yield World(centre, port, tmp_path / "ours.log")


def is_ready(port: int) -> bool:
    return get(port, "/-/ready")[0] == 200


def told(log: Path) -> list[tuple[str, str, str]]:
    """Return what was told of incidents: the change, of whom, and why."""
    lines = (json.loads(line) for line in log.read_text().splitlines() if line.startswith("{"))
    return [
        (line["change"], line["scope"] + line["host"], line["cause"])
        for line in lines
        if line["event"] == "incident"
    ]


def throttle(centre: Asked, runs_s: float, rests_s: float, seconds: float) -> None:
    """Let a process run for a moment only, again and again."""
    rest = threading.Event()
    for _ in range(round(seconds / (runs_s + rests_s))):
        centre.signal(signal.SIGSTOP)
        rest.wait(rests_s)
        centre.signal(signal.SIGCONT)
        rest.wait(runs_s)


def test_a_throttled_aggregator_is_blind_and_accuses_nobody(world: World) -> None:
    throttle(world.centre, RUNS_S, RESTS_S, THROTTLED_S)

    until(
        "all is right again",
        lambda: (
            is_ready(world.port) and ("closed", "centre", "aggregator_blind") in told(world.log)
        ),
        within_s=WELL_WITHIN_S * ON_A_BUSY_MACHINE,
    )
    pause(3.0)  # what would be accused by what had waited is accused by now
    lines = told(world.log)
    assert {whom for _, whom, _ in lines} == {"centre"}
    assert lines.count(("opened", "centre", "aggregator_blind")) == 1
