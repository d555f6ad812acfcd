"""Two aggregators at one broker: each measures every host, and neither accuses one."""

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.integration.real import Agent, Aggregator, Mosquitto, Process, inventory_of, pause, until
from venuewatch.base import clock
from venuewatch.base.wire import messages, topics

pytestmark = pytest.mark.real

HOSTS = 12
REAL, OLDER = "STA-1", "TAH-1"
VENUES = (("STA", "wired", HOSTS // 2), ("AQU", "wired", HOSTS // 2), ("TAH", "wired", 1))
WRONG_S = 0.5
FIRST, SECOND = "centre-1", "centre-2"


class OlderAgent:
    """Beats as agents did that know the plain tick alone."""

    def __init__(self, port: int) -> None:
        self._topic = f"{topics.ROOT}/TAH/{OLDER}"
        self._tick: tuple[int, float] | None = None
        self._stop = threading.Event()
        self._beats = threading.Thread(target=self._beat)
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        self._client.on_message = self._hear
        self._client.connect("127.0.0.1", port)

    def __enter__(self) -> Self:
        birth = messages.Birth(
            boot="a", session=1, wall_ms=0, interval_s=1.0, vitals_every_s=10.0, agent_version="0"
        )
        self._client.loop_start()
        self._client.subscribe(topics.TICK)
        self._client.publish(f"{self._topic}/birth", messages.encode(birth), 1, retain=True)
        self._beats.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._beats.join()
        self._client.disconnect()
        self._client.loop_stop()

    def _beat(self) -> None:
        number = 0
        while not self._stop.wait(1.0):
            number += 1
            heard, self._tick = self._tick, None
            now, echo = clock.monotonic(), None
            if heard is not None:
                echo = messages.Echo(heard[0], round((now - heard[1]) * 1000))
            wall_ms = round(clock.wall() * 1000)
            beat = messages.Beat("a", 1, number, round(now * 1000), wall_ms, echo)
            self._client.publish(f"{self._topic}/beat", messages.encode(beat))

    def _hear(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        self._tick = messages.decode_tick(bytes(message.payload)).number, clock.monotonic()


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
    with small, Agent(tmp_path, broker.port, REAL), OlderAgent(broker.port):
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
