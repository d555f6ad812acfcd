"""Packets of a broker's stream, in pieces, with and without room for them."""

from collections.abc import Sequence

import mqtt5

from venuewatch.base.wire.framing import Framer, StreamError

ERRORS = (StreamError,)


def read(data: bytes) -> None:
    """Read a stream; its first byte says how long the pieces are, and the room."""
    if not data:
        return
    step, room = 1 + data[0] % 16 * 7, data[0] // 16 * 8
    framer = Framer(max_packet_bytes=256, never_discarded="v/a")
    framer.room = room or framer.room
    for at in range(1, len(data), step):
        for _ in framer.feed(data[at : at + step]):
            pass


def seeds() -> Sequence[bytes]:
    """Return packets of all kinds that a broker sends."""
    at_once = mqtt5.QoS.AT_LEAST_ONCE
    packets = (
        mqtt5.ConnAckPacket(receive_max=20, topic_alias_max=0).write(),
        mqtt5.SubAckPacket(1, [mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE]).write(),
        mqtt5.PublishPacket("v/a", b"{}", qos=at_once, packet_id=7).write(),
        mqtt5.PublishPacket("v/b", b"x" * 300).write(),
        mqtt5.PubAckPacket(3).write(),
        mqtt5.PingRespPacket().write(),
        mqtt5.DisconnectPacket().write(),
    )
    return [bytes([first]) + b"".join(packets) for first in (0x00, 0x0F, 0x21)]
