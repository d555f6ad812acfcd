"""A real agent on a real broker beats on time, whatever its probes and patterns do."""

import queue
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count, islice
from pathlib import Path
from typing import Self

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.subscribeoptions import SubscribeOptions

from agent.probes import UNDER_WAY_MAX, WORTH_S
from bench.kit.processes import free_port
from tests.agent.checks.namespaces import Cable, cable
from tests.agent.checks.peers import LOOPBACK, refused_port, say, say_nothing, tcp_peer
from tests.integration.real import Agent, Mosquitto, Process, pause, until
from venuewatch.base import clock
from venuewatch.base.wire import messages, topics
from venuewatch.base.wire.catalogue import Catalogue, readings_of

pytestmark = pytest.mark.real

HOST = "venuewatch/v1/STA/STA-1"
INTERVAL_S = 0.1
BEATS = 40
WINDOWS = 8
"""A machine that is busy otherwise makes anybody late; what probes do shows in every window."""

LATE_MS = 20
FLOOD = 200
STOPPED_S = 2.0
SILENT, MAC = "10.9.0.77", "02:00:00:00:00:77"  # of no machine
HEARTBEAT = f"[heartbeat]\ninterval_s = {INTERVAL_S}\nvitals_every_s = 1"


class Centre:
    """What the aggregator is to an agent: it hears, and asks."""

    def __init__(self, address: str, port: int, *, transport: str = "tcp") -> None:
        self.births: list[messages.Birth] = []
        self.beats: list[messages.Beat] = []
        self.catalogues: dict[str, Catalogue] = {}
        self.vitals: list[messages.Vitals] = []
        self.checks: set[tuple[str, str]] = set()
        self._probed: queue.SimpleQueue[paho.MQTTMessage] = queue.SimpleQueue()
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2,
            protocol=paho.MQTTv5,
            transport=transport,  # type: ignore[arg-type]
        )
        self._client.on_message = self._hear
        self._client.connect(address, port)
        as_said = SubscribeOptions(qos=1, retainAsPublished=True)
        self._client.subscribe(f"{HOST}/+", options=as_said)
        self._client.loop_start()

    def __enter__(self) -> Self:
        until("the agent's birth", lambda: self.births)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def ask(
        self, number: int, address: str, port: int | None = None, *, timeout_s: float = 1.0
    ) -> None:
        probe = messages.Probe(
            number=number, host="STA-2", address=address, port=port, timeout_s=timeout_s
        )
        self._client.publish(f"{HOST}/cmd", messages.encode(probe), 1)

    def tell(self, command: messages.Command) -> None:
        self._client.publish(f"{HOST}/cmd", messages.encode(command), 1)

    def tick(self) -> None:
        """Have the agent believe for a moment that somebody listens."""
        self._client.publish(topics.TICK, messages.encode(messages.Tick(1, 1)), 0)

    def answer(self) -> paho.MQTTMessage:
        return self._probed.get(timeout=10.0)

    def dropped(self) -> float:
        """Return how many probes the agent says that it dropped."""
        name, numbers = "venuewatch_agent_probes_dropped_total", [0.0]
        for vitals in self.vitals:
            key = vitals.catalogue or ""
            if key not in self.catalogues:  # said before we came
                self._client.publish(f"{HOST}/cmd", messages.encode(messages.SayCatalogue(key)), 1)
                continue
            families = self.catalogues[key].families
            numbers.append(getattr(readings_of(families, vitals.values), name) or 0.0)
        return max(numbers)

    def _hear(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        if message.topic.endswith("/probed"):
            self._probed.put(message)
        elif message.topic.endswith("/beat"):
            self.beats.append(messages.decode_beat(bytes(message.payload)))
        elif message.topic.endswith("/birth"):
            self.births.append(messages.decode_birth(bytes(message.payload)))
        elif message.topic.endswith("/catalogue"):
            catalogue = messages.decode_catalogue(bytes(message.payload))
            self.catalogues[catalogue.key] = catalogue
        elif message.topic.endswith("/vitals"):
            self.vitals.append(messages.decode_vitals(bytes(message.payload)))
        elif message.topic.endswith("/checks"):
            readings = messages.decode_checks(bytes(message.payload)).readings
            self.checks |= {(reading.check, reading.state) for reading in readings}


@contextmanager
def heard(folder: Path, settings: str) -> Iterator[Centre]:
    """Run a broker and an agent with these settings."""
    with (
        Mosquitto(folder) as broker,
        Agent(folder, broker.port, "STA-1", broker=settings),
        Centre(LOOPBACK, broker.port) as centre,
    ):
        yield centre


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    with heard(tmp_path, f'{HEARTBEAT}\n[probe]\nnetworks = ["127.0.0.0/8"]') as centre:
        yield centre


@pytest.fixture
def net() -> Iterator[Cable]:
    """Return a machine of our own beside which another is silent."""
    with cable() as made:
        made.run(made.here, "ip", "neigh", "add", SILENT, "lladdr", MAC, "dev", "port0")
        yield made


@pytest.fixture
def apart(net: Cable, tmp_path: Path) -> Iterator[Centre]:
    """Run broker and agent on that machine; the broker is heard through a file."""
    port, path = free_port(), tmp_path / "broker"
    (tmp_path / "mosquitto.conf").write_text(
        f"user root\nallow_anonymous true\nlistener {port} {LOOPBACK}\nlistener 0 {path}\n"
    )
    (tmp_path / "agent.toml").write_text(
        f'venue = "STA"\nhost = "STA-1"\n[broker]\nport = {port}\n{HEARTBEAT}\n'
    )
    inside = ("ip", "netns", "exec", net.here)
    broker = (*inside, "mosquitto", "-c", str(tmp_path / "mosquitto.conf"))
    agent = (*inside, sys.executable, "-I", "-m", "agent", "--config", str(tmp_path / "agent.toml"))
    with Process(tmp_path, "mosquitto", *broker):
        until("the broker listens", path.is_socket)
        with Process(tmp_path, "agent", *agent), Centre(str(path), 1, transport="unix") as running:
            yield running


def probed(message: paho.MQTTMessage) -> messages.Probed:
    return messages.decode_probed(bytes(message.payload))


@pytest.mark.timed
def test_a_machine_that_lives_is_reached_and_said_at_once(centre: Centre) -> None:
    with tcp_peer(say_nothing) as port:
        begin = clock.monotonic()
        centre.ask(1, LOOPBACK, port)
        accepted = centre.answer()
        took_s = clock.monotonic() - begin
    centre.ask(2, LOOPBACK, refused_port())
    refused = centre.answer()

    answers = [probed(accepted), probed(refused)]
    assert took_s < 1.0
    assert [(answer.number, answer.is_reached) for answer in answers] == [(1, True), (2, True)]
    assert {answer.host for answer in answers} == {"STA-2"}
    assert {(answer.boot, answer.session) for answer in answers} == {
        (centre.births[0].boot, centre.births[0].session)
    }


def test_an_answer_is_soon_worth_nothing_and_kept_by_nobody(centre: Centre) -> None:
    centre.ask(1, LOOPBACK, refused_port())

    message = centre.answer()

    assert (message.qos, message.retain) == (1, False)
    expiry_s = getattr(message.properties, "MessageExpiryInterval", None)
    assert expiry_s is not None
    assert 0 < expiry_s <= WORTH_S


def test_beats_are_on_time_under_a_flood_of_probes_that_hang(apart: Centre) -> None:
    numbers = count()

    def flood() -> None:
        for number in islice(numbers, FLOOD):
            apart.ask(number, SILENT, 22, timeout_s=5.0)

    assert lateness_ms(apart, flood) <= LATE_MS
    apart.tick()
    until("the drops are told", lambda: apart.dropped() >= FLOOD - UNDER_WAY_MAX)
    answers = [probed(apart.answer()) for _ in range(UNDER_WAY_MAX)]
    told = {(answer.is_reached, answer.detail) for answer in answers}
    assert told == {(False, "no answer in time")}


@pytest.fixture
def matching(tmp_path: Path) -> Iterator[Centre]:
    """Run an agent, two checks of which have an endless pattern, and one none."""
    (tmp_path / "server.log").touch()
    with tcp_peer(say(b"HTTP/1.1 200 OK\r\n\r\n" + b"a" * 64 + b"b")) as page:
        checks = (
            f'{HEARTBEAT}\n[[check]]\nkind = "log"\nname = "log"\nevery_s = 1\n'
            f'path = "{tmp_path}/server.log"\npattern = "(a+)+$"\n'
            f'[[check]]\nkind = "http"\nname = "page"\nevery_s = 1\n'
            f'url = "http://{LOOPBACK}:{page}/"\nregex = "(a+)+$"\n'
            f'[[check]]\nkind = "file"\nname = "file"\nevery_s = 1\npattern = "{tmp_path}/*.log"\n'
        )
        with heard(tmp_path, checks) as centre:
            yield centre


def test_an_agent_that_did_not_run_says_so_in_its_next_beat(tmp_path: Path) -> None:
    with (
        Mosquitto(tmp_path) as broker,
        Agent(tmp_path, broker.port, "STA-1", broker=HEARTBEAT) as agent,
        Centre(LOOPBACK, broker.port) as centre,
    ):
        until("beats", lambda: len(centre.beats) > 2)
        agent.signal(signal.SIGSTOP)
        pause(STOPPED_S)
        centre.beats.clear()
        agent.signal(signal.SIGCONT)
        until("it says so", lambda: any(beat.late_ms for beat in centre.beats))
        said = next(beat for beat in centre.beats if beat.late_ms)

        assert said.late_ms >= (STOPPED_S - INTERVAL_S) * 1000
        until("it says no more", lambda: not centre.beats[-1].late_ms)


@pytest.mark.timed
@pytest.mark.long
def test_beats_are_on_time_while_patterns_are_endless(matching: Centre, tmp_path: Path) -> None:
    def is_told() -> bool:
        with (tmp_path / "server.log").open("ab") as log:
            log.write(b"a" * 64 + b"b\n")
        matching.tick()
        return {("log", "unknown"), ("page", "unknown"), ("file", "ok")} <= matching.checks

    until("an endless pattern of each is told", is_told, within_s=30.0)

    assert lateness_ms(matching, is_told) <= LATE_MS


def lateness_ms(centre: Centre, meanwhile: Callable[[], object]) -> float:
    """Return how late the latest beat of a window was, in the best of a few windows."""
    found: list[float] = []
    for _ in range(WINDOWS):
        meanwhile()
        centre.beats.clear()
        until("enough beats", lambda: len(centre.beats) >= BEATS, within_s=30.0)
        planned = [beat.mono_ms - beat.seq * INTERVAL_S * 1000 for beat in centre.beats]
        found.append(max(planned) - min(planned))
        if found[-1] <= LATE_MS:
            break
    return min(found)


def test_agent_whose_birth_is_refused_says_so_once(tmp_path: Path) -> None:
    refused = messages.BirthRefused("role", "Expected `str` of length <= 256")
    with (
        Mosquitto(tmp_path) as broker,
        Agent(tmp_path, broker.port, "STA-1", broker=HEARTBEAT) as agent,
        Centre(LOOPBACK, broker.port) as centre,
    ):
        births = len(centre.births)
        for command in (refused, refused, messages.Rebirth()):
            centre.tell(command)
        until("it is born again", lambda: len(centre.births) > births)

        (said,) = agent.events("birth_refused")
        assert (said["field"], said["why"]) == (refused.field, refused.why)
        assert len(centre.births) == births + 1
