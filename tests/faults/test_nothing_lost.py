"""Every reading that was taken arrives exactly once, or is counted as dropped.

The worlds run at the same time, each with its own broker, aggregator and agent: an outage of a
minute is the test, and there is nothing to do while it lasts.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from bench.kit.processes import free_port
from tests.integration.real import Agent, Aggregator, Mosquitto, Process, pause, until
from venuewatch.base import clock

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

OUTAGE_S = 60.0
RECONNECT_MAX_S = 10.0
EVERY_S = 1
HOST = "STA-1"

AGENT = f"""
reconnect_max_s = {RECONNECT_MAX_S}
[heartbeat]
vitals_every_s = {EVERY_S}
[[check]]
kind = "tcp"
name = "closed"
address = "127.0.0.1"
port = 9
every_s = 1
"""


class Recorder:
    """Hears everything that passes the broker, and when (monotonic s)."""

    def __init__(self, port: int) -> None:
        self.heard: list[tuple[float, str]] = []
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        self._client.on_connect = lambda client, *_: client.subscribe("venuewatch/v1/STA/#", 1)
        self._client.on_message = self._note
        self._client.reconnect_delay_set(1, 1)
        self._client.connect_async("127.0.0.1", port)
        self._client.loop_start()

    def _note(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        if not message.retain:
            self.heard.append((clock.monotonic(), message.topic.rsplit("/", 1)[1]))

    def after(self, moment: float) -> list[tuple[float, str]]:
        return [(at, stream) for at, stream in self.heard if at >= moment]

    def close(self) -> None:
        self._client.loop_stop()


class World:
    """One broker, one aggregator, one agent."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.broker = Mosquitto(folder, port=free_port())
        self.broker.start()
        self.aggregator = Aggregator(folder, self.broker.port)
        self.aggregator.start()
        self.agent = Agent(folder, self.broker.port, HOST, broker=AGENT)
        self.agent.start()
        self.recorder = Recorder(self.broker.port)
        self.back_at = 0.0
        self.killed_at: float | None = None

    def taken(self) -> float | None:
        """Return how many readings the agent says that it has made in this run of it."""
        return self.aggregator.value("venuewatch_agent_readings_total", host=HOST)

    def heard(self) -> float | None:
        return self.aggregator.value("venuewatch_host_readings_total", host=HOST)

    def value(self, name: str) -> float | None:
        return self.aggregator.value(name, host=HOST)

    def is_caught_up(self) -> bool:
        return self.value("venuewatch_agent_spool_records") == 0 and self.is_complete()

    def is_complete(self) -> bool:
        return self.value("venuewatch_host_readings_missing") == 0

    def stored(self) -> int:
        with sqlite3.connect(self.folder / "journal.sqlite") as database:
            (count,) = database.execute("SELECT count(*) FROM readings").fetchone()
        database.close()
        return int(count)

    def close(self) -> None:
        self.recorder.close()
        for process in (self.agent, self.aggregator, self.broker):
            process.__exit__()


def stop(*processes: Process) -> None:
    for process in processes:
        process.stop()


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, World]]:
    folder = tmp_path_factory.mktemp("worlds")
    names = ("broker", "aggregator", "both", "agent killed")
    found = {name: World(folder / name.replace(" ", "-")) for name in names}
    for world in found.values():
        world.aggregator.wait_for(HOST, "up")
        until("readings come", lambda world=world: (world.heard() or 0) >= 6)  # type: ignore[misc]
    stop(found["broker"].broker, found["agent killed"].broker)
    stop(found["aggregator"].aggregator)
    stop(found["both"].aggregator, found["both"].broker)
    begin = clock.monotonic()
    pause(OUTAGE_S / 2)
    found["agent killed"].agent.kill()
    found["agent killed"].killed_at = clock.monotonic() - begin
    found["agent killed"].agent.start()
    pause(begin + OUTAGE_S - clock.monotonic())
    for name in ("broker", "agent killed"):
        found[name].broker.start()
    found["aggregator"].aggregator.start()
    found["both"].broker.start()
    found["both"].aggregator.start()
    for world in found.values():
        world.back_at = clock.monotonic()
    yield found
    for world in found.values():
        world.close()


@pytest.fixture(params=["broker", "aggregator", "both", "agent killed"])
def world(request: pytest.FixtureRequest, worlds: dict[str, World]) -> World:
    return worlds[request.param]


def test_every_reading_arrives_once(world: World) -> None:
    until("the backlog is through", world.is_caught_up, within_s=60.0)

    heard, taken = world.heard() or 0, world.taken() or 0
    assert world.value("venuewatch_agent_dropped_total") == 0
    if world.killed_at is None:
        # The count travels in a reading of its own, made just after it was taken.
        assert 1 <= heard - taken <= 3
    else:
        first_run = heard - taken
        assert first_run >= 2 * (world.killed_at - 2.0)


def test_what_came_late_is_in_the_journal(world: World) -> None:
    until("the backlog is through", world.is_caught_up, within_s=60.0)

    assert world.stored() >= 2 * (OUTAGE_S - 5.0)


def test_beats_come_back_soon_and_before_the_backlog(world: World) -> None:
    until("the backlog is through", world.is_caught_up, within_s=60.0)

    after = world.recorder.after(world.back_at - 1.0)

    first_beat = min(at for at, stream in after if stream == "beat")
    first_backlog = min(at for at, stream in after if stream == "backlog")
    assert first_beat <= world.back_at + RECONNECT_MAX_S + 1.0
    assert first_beat < first_backlog


def test_no_host_was_accused_of_it(world: World) -> None:
    until("the grace is over", world.aggregator.is_ready, within_s=30.0)

    assert world.aggregator.accused() == []
