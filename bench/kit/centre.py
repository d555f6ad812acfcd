"""Runs the aggregator's own core behind another client library, for the same work as ours.

Each message is decoded, routed to its host and judged by the same ``Centre`` that the product
drives. A tick goes out each second for the fleet to echo. ``python -m bench.kit.centre paho`` or
``gmqtt`` subscribes over that client.
"""

import argparse
import asyncio
import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from aggregator import inventory
from aggregator.core.centre import Centre
from aggregator.core.outputs import Publish, Store
from venuewatch.base import clock
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import encode
from venuewatch.base.wire.topics import Stream


class Message(NamedTuple):
    """A message as a client library handed it over."""

    topic: str
    payload: bytes
    retain: bool


class DrivenCentre:
    """The core, behind an MQTT client that ``publish`` sends with, less HTTP and metrics."""

    def __init__(self, expected: Path) -> None:
        self._centre = Centre(inventory.fleet_of(inventory.read(expected)), start=clock.monotonic())
        self.publish: Callable[[str, bytes], object] = lambda _topic, _payload: None

    def opened(self) -> None:
        """Begin to judge."""
        self._centre.opened(clock.monotonic())
        self._hand_out()

    def receive(self, message: Message) -> None:
        """Take in one message."""
        self._centre.receive(clock.monotonic(), (message,), clock.wall())
        self._hand_out()

    def wake_if_due(self) -> float:
        """Decide what is due; return how long (s) there is until the next."""
        now = clock.monotonic()
        if now >= self._centre.due():
            self._centre.woke(now)
            self._hand_out()
        return max(0.0, self._centre.due() - clock.monotonic())

    def answer(self) -> None:
        """Answer every line on standard input with our counts."""
        for _ in sys.stdin:
            counts = {
                "beats": self._centre.intake.heard[Stream.BEAT.value],
                "missed": sum(host.missed for host in self._centre.fleet),
                "is_settled": self._centre.is_ready,
            }
            print(json.dumps(counts), flush=True)

    def _hand_out(self) -> None:
        while outputs := self._centre.take():
            for output in outputs:
                if isinstance(output, Publish):
                    self.publish(output.topic, encode(output.message))
                elif isinstance(output, Store):
                    self._centre.stored(clock.monotonic(), output.token)


async def serve_gmqtt(core: DrivenCentre, port: int) -> None:
    """Subscribe over gmqtt, on asyncio, and hand everything to ``core``."""
    import gmqtt  # noqa: PLC0415 - it may be missing

    client = gmqtt.Client("bench-gmqtt", clean_session=True)

    def on_message(
        _client: object, topic: str, payload: bytes, _qos: int, properties: dict[str, int]
    ) -> int:
        core.receive(Message(topic, payload, bool(properties["retain"])))
        return 0

    client.on_message = on_message
    await client.connect("127.0.0.1", port)
    client.subscribe(topics.EVERYTHING_UPWARD, qos=1)
    core.publish = client.publish
    core.opened()
    while True:  # noqa: ASYNC110 - a timer, and no event
        await asyncio.sleep(core.wake_if_due())


def serve_paho(core: DrivenCentre, port: int) -> None:
    """Subscribe over paho-mqtt, in its blocking loop, and hand everything to ``core``."""
    client = paho.Client(CallbackAPIVersion.VERSION2, "bench-paho", protocol=paho.MQTTv5)

    def on_connect(
        client: paho.Client,
        _userdata: object,
        _flags: paho.ConnectFlags,
        _reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        client.subscribe(topics.EVERYTHING_UPWARD, qos=1)
        core.publish = client.publish
        core.opened()

    def on_message(_client: paho.Client, _userdata: object, message: paho.MQTTMessage) -> None:
        core.receive(Message(message.topic, bytes(message.payload), message.retain))

    client.on_connect = on_connect
    client.on_message = on_message
    client.connect("127.0.0.1", port, clean_start=True)
    while client.loop(core.wake_if_due()) == paho.MQTT_ERR_SUCCESS:
        pass


def main() -> int:
    """Run a client from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("client", choices=["gmqtt", "paho"])
    parser.add_argument("--port", type=int, required=True, help="of the broker")
    parser.add_argument("--inventory", type=Path, required=True, help="whom to expect")
    options = parser.parse_args()
    core = DrivenCentre(options.inventory)
    threading.Thread(target=core.answer, name="answers", daemon=True).start()
    if options.client == "gmqtt":
        asyncio.run(serve_gmqtt(core, options.port))
    else:
        serve_paho(core, options.port)
    return 1  # a client is ended from outside; that it ended by itself is a failure


if __name__ == "__main__":
    sys.exit(main())
