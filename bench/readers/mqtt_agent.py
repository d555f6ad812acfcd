"""Stream of a broker, as the agent's session takes it."""

from collections.abc import Sequence

import mqtt5

from agent.mqtt.protocol import Client, ProtocolError
from bench.readers import mqtt_framing

ERRORS = (ProtocolError,)

_STEP = 61


def read(data: bytes) -> None:
    """Read a stream, in a session that has published, and that is open if the first byte is odd."""
    wanted = mqtt5.TopicFilter("v/#", max_qos=mqtt5.QoS.AT_LEAST_ONCE)
    client = Client(mqtt5.ConnectPacket("a", keep_alive=5), [wanted], 0.0)
    now = 0.0
    stream = data[1:]
    if data and data[0] & 1:
        stream = mqtt5.ConnAckPacket(receive_max=2).write() + stream
    for at in range(0, len(stream), _STEP):
        now += 0.1
        for _ in client.receive(stream[at : at + _STEP], now):
            pass
        client.publish("v/up", b"{}", now, qos=1)
        client.advance(now)
        client.take()


def seeds() -> Sequence[bytes]:
    """Return sessions."""
    return [bytes([first]) + seed[1:] for seed in mqtt_framing.seeds() for first in (0, 1)]
