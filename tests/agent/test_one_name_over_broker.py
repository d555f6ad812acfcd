"""A real agent on a real broker makes way when told to, and begins anew on a machine put back."""

from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.agent.checks.peers import LOOPBACK
from tests.integration.real import Agent, Mosquitto, until
from venuewatch.base.wire import messages, topics
from venuewatch.base.wire.topics import Stream

pytestmark = pytest.mark.real

FIRST = 4_000_000_000
AT = "192.0.2.7"
SETTINGS = "[heartbeat]\ninterval_s = 0.1\nvitals_every_s = 1"


class Centre:
    """What the aggregator is to an agent: it ticks, says who it is, and gives commands."""

    def __init__(self, port: int) -> None:
        self.births: list[messages.Birth] = []
        self.deaths: list[messages.Death] = []
        self.echoed: set[int] = set()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        self._client.on_message = self._hear
        self._client.connect(LOOPBACK, port)
        self._client.subscribe(f"{topics.ROOT}/STA/STA-1/+", qos=1)
        state = messages.CentreState("online", "boot-1")
        self._client.publish(topics.centre_state("centre"), messages.encode(state), 1, retain=True)
        self._client.loop_start()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def tick(self, at_s: int) -> None:
        """Send the tick of a second."""
        tick = messages.Tick(FIRST + at_s, at_s * 1000)
        self._client.publish(topics.centre_tick("centre"), messages.encode(tick), 0)

    def command(self, command: messages.Command) -> None:
        topic = topics.topic("STA", "STA-1", Stream.CMD)
        self._client.publish(topic, messages.encode(command), 1)

    def _hear(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        if message.topic.endswith("/birth"):
            self.births.append(messages.decode_birth(bytes(message.payload)))
        elif message.topic.endswith("/death"):
            self.deaths.append(messages.decode_death(bytes(message.payload)))
        elif message.topic.endswith("/beat"):
            beat = messages.decode_beat(bytes(message.payload))
            if beat.tick is not None:
                self.echoed.add(beat.tick.number - FIRST)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[Centre, Agent]]:
    """Return a centre, and an agent that has echoed a tick of it."""
    with Mosquitto(tmp_path) as broker:
        centre = Centre(broker.port)
        with Agent(tmp_path, broker.port, "STA-1", broker=SETTINGS) as agent:
            until("the agent's birth", lambda: centre.births)
            hear(centre, 100)
            yield centre, agent
        centre.close()


def hear(centre: Centre, at_s: int) -> None:
    """Have the agent hear the tick of a second."""

    def is_heard() -> bool:
        centre.tick(at_s)
        return at_s in centre.echoed

    until(f"tick {at_s} is echoed", is_heard)


def test_agent_makes_way_for_the_one_that_has_its_name(running: tuple[Centre, Agent]) -> None:
    centre, agent = running
    boot = centre.births[0].boot

    centre.command(messages.Yield("another", AT))
    hear(centre, 101)
    centre.command(messages.Yield(boot, AT))

    until("it says who has its name", lambda: b"name_is_taken" in agent.log.read_bytes())
    said = next(line for line in agent.log.read_text().splitlines() if "name_is_taken" in line)
    assert AT in said
    assert "60" in said
    assert len(centre.births) == 1
    assert centre.deaths == [], "it parts cleanly: nobody is told that it was lost"


def test_agent_of_a_machine_that_was_put_back_is_another_boot(
    running: tuple[Centre, Agent],
) -> None:
    centre, agent = running

    centre.tick(200)  # within a moment of this machine's own clock
    until("another birth", lambda: len(centre.births) > 1)
    hear(centre, 201)

    first, second = centre.births
    assert second.boot != first.boot
    assert second.session == first.session + 1
    assert centre.deaths == []
    assert b"machine_put_back" in agent.log.read_bytes()
