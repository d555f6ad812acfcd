"""Every reading that was taken arrives exactly once, or is counted as dropped.

The worlds run at the same time, each with its own broker, aggregator and agent: an outage of a
minute is the test, and there is nothing to do while it lasts.
"""

import contextlib
import math
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.integration.real import Agent, Aggregator, Mosquitto, Process, pause, until
from venuewatch.base import clock

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

OUTAGE_S = 60.0
RECONNECT_MAX_S = 10.0
EVERY_S = 1
HOST = "STA-1"
WORLDS = ("broker", "aggregator", "both", "agent killed")
"""What is away for the minute: without an agent that is killed meanwhile it is the broker."""

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

    def first(self, stream: str, since: float) -> float:
        """Return when (monotonic s) the first message of a stream passed from then on."""
        return min(at for at, heard in self.heard if heard == stream and at >= since)

    def close(self) -> None:
        self._client.loop_stop()


class World:
    """One broker, one aggregator, one agent."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self.broker = Mosquitto(folder, extra=["log_type all"]).start()
        self.aggregator = Aggregator(folder, self.broker.port).start()
        self.agent = Agent(folder, self.broker.port, HOST, broker=AGENT).start()
        self.recorder = Recorder(self.broker.port)
        self.back_at = 0.0
        self.killed_at: float | None = None

    def value(self, name: str) -> float | None:
        return self.aggregator.value(name, host=HOST)

    def heard(self) -> float:
        return self.value("venuewatch_host_readings_total") or 0

    def is_caught_up(self) -> bool:
        # What a run that was killed could not read in time, nobody has counted.
        before = 0.0 if self.killed_at is None else math.inf
        return self.aggregator.is_caught_up(HOST, missing_before=before)

    def streams(self) -> list[str]:
        """Return the streams on which the broker has received, in order, since its last start."""
        _, _, since = self.broker.said().rpartition(" starting")
        return re.findall(
            rf"Received PUBLISH from {HOST} .*'venuewatch/v1/STA/{HOST}/(\w+)'", since
        )

    def stored(self) -> int:
        with contextlib.closing(sqlite3.connect(self._folder / "journal.sqlite")) as database:
            (count,) = database.execute("SELECT count(*) FROM readings").fetchone()
        return int(count)

    def close(self) -> None:
        self.recorder.close()
        for process in (self.agent, self.aggregator, self.broker):
            process.__exit__()


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, World]]:
    folder = tmp_path_factory.mktemp("worlds")
    found = {name: World(folder / name.replace(" ", "-")) for name in WORLDS}
    for world in found.values():
        world.aggregator.wait_for(HOST, "up")
        until("readings come", lambda world=world: world.heard() >= 6)  # type: ignore[misc]
    away: list[Process] = [found[name].aggregator for name in ("aggregator", "both")]
    away += [found[name].broker for name in ("both", "broker", "agent killed")]
    for process in away:
        process.stop()
    begin = clock.monotonic()
    pause(OUTAGE_S / 2)
    found["agent killed"].agent.kill()
    found["agent killed"].killed_at = clock.monotonic() - begin
    found["agent killed"].agent.start()
    pause(begin + OUTAGE_S - clock.monotonic())
    for process in reversed(away):
        process.start()
    for world in found.values():
        world.back_at = clock.monotonic()
    yield found
    for world in found.values():
        world.close()


@pytest.fixture(params=WORLDS)
def world(request: pytest.FixtureRequest, worlds: dict[str, World]) -> World:
    """Return a world after its outage, once the backlog is through."""
    world = worlds[request.param]
    until("the backlog is through", world.is_caught_up, within_s=60.0)
    return world


def test_every_reading_arrives_once(world: World) -> None:
    heard = world.heard()
    before_it = heard - (world.value("venuewatch_agent_readings_total") or 0)  # this run's

    assert world.value("venuewatch_agent_dropped_total") == 0
    if world.killed_at is None:
        # The count travels in a reading of its own, made just after it was taken.
        assert 1 <= before_it <= 3
    else:
        assert before_it >= 2 * (world.killed_at - 2.0)


def test_what_came_late_is_in_the_journal(world: World) -> None:
    assert world.stored() >= 2 * (OUTAGE_S - 5.0)


def test_beats_come_back_soon_and_before_the_backlog(world: World) -> None:
    first_beat = world.recorder.first("beat", world.back_at - 1.0)
    streams = world.streams()

    assert first_beat <= world.back_at + RECONNECT_MAX_S + 2.0  # it may miss the very first
    assert streams.index("beat") < streams.index("backlog")


def test_no_host_was_accused_of_it(world: World) -> None:
    until("the grace is over", world.aggregator.is_ready, within_s=30.0)

    assert world.aggregator.accused() == []
