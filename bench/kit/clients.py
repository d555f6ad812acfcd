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
from bench.kit.centre import LOOK_EVERY_S, TICK_EVERY_S, Centre
from venuewatch.base import clock
from venuewatch.base.wire import topics


def hear_by_gmqtt(core: Centre, port: int) -> None:
    """Subscribe over gmqtt, on asyncio, and hand everything to ``core``."""
    asyncio.run(_hear(core, port))


async def _hear(core: Centre, port: int) -> None:
    import gmqtt  # noqa: PLC0415 - it may be missing

    client = gmqtt.Client("bench-gmqtt", clean_session=True)

    def on_message(
        _client: object, topic: str, payload: bytes, _qos: int, properties: dict[str, int]
    ) -> int:
        core.hear(topic, payload, is_retained=bool(properties["retain"]))
        return 0

    client.on_message = on_message
    await client.connect("127.0.0.1", port)
    client.subscribe(topics.EVERYTHING_UPWARD, qos=1)
    core.subscribed()
    looks_a_tick = round(TICK_EVERY_S / LOOK_EVERY_S)
    while True:
        client.publish(topics.TICK, core.tick())
        for _ in range(looks_a_tick):
            await asyncio.sleep(LOOK_EVERY_S)
            core.look()


def hear_by_paho(core: Centre, port: int) -> None:
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
        core.subscribed()

    def on_message(_client: paho.Client, _userdata: object, message: paho.MQTTMessage) -> None:
        core.hear(message.topic, bytes(message.payload), is_retained=message.retain)

    client.on_connect = on_connect
    client.on_message = on_message
    client.connect("127.0.0.1", port, clean_start=True)
    look_at = tick_at = clock.monotonic()
    while client.loop(LOOK_EVERY_S) == paho.MQTT_ERR_SUCCESS:
        now = clock.monotonic()
        if now >= look_at:
            core.look()
            look_at = now + LOOK_EVERY_S
        if now >= tick_at:
            client.publish(topics.TICK, core.tick())
            tick_at = now + TICK_EVERY_S


_CLIENTS = {"gmqtt": hear_by_gmqtt, "paho": hear_by_paho}

if __name__ == "__main__":
    sys.exit(centre.main(_CLIENTS[sys.argv.pop(1)]))
