"""Subscribers over other MQTT clients, with the aggregator's core behind them.

``python -m bench.kit.clients paho`` or ``gmqtt``, then the options of :mod:`bench.kit.centre`.
"""

import asyncio
import sys

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from bench.kit import centre
from bench.kit.centre import DrivenCentre, Message
from venuewatch.base.wire import topics


def serve_gmqtt(core: DrivenCentre, port: int) -> None:
    """Subscribe over gmqtt, on asyncio, and hand everything to ``core``."""
    asyncio.run(_serve_gmqtt(core, port))


async def _serve_gmqtt(core: DrivenCentre, port: int) -> None:
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


_CLIENTS = {"gmqtt": serve_gmqtt, "paho": serve_paho}

if __name__ == "__main__":
    sys.exit(centre.main(_CLIENTS[sys.argv.pop(1)]))
