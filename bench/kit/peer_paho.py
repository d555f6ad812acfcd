"""A subscriber over paho-mqtt, in its blocking loop, with the aggregator's core behind it."""

import sys

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from bench.kit import centre
from bench.kit.centre import LOOK_EVERY_S, TICK_EVERY_S, Centre
from venuewatch.base import clock
from venuewatch.base.wire import topics


def hear(core: Centre, port: int) -> None:
    """Subscribe, and hand everything to ``core``."""
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


if __name__ == "__main__":
    sys.exit(centre.main(hear))
