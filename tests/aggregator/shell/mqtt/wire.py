"""A connection on a transport that goes nowhere and notes what is written."""

import asyncio

import mqtt5

from aggregator.shell.mqtt.connection import Connection
from tests.aggregator.shell.mqtt.scripted_broker import Notes
from tests.kit.waiting import Waiting
from venuewatch.base.wire.framing import Framer, Item

GRANTED = mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE


class Transport(asyncio.Transport):
    """Notes what is written into ``log``, which the listener shares, and goes nowhere."""

    def __init__(self, log: list[tuple[str, object]]) -> None:
        super().__init__()
        self.log = log
        self.is_reading_now = True
        self._is_closing = False
        self.changed = Waiting()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.log.append(("write", bytes(data)))
        self.changed.note()

    def pause_reading(self) -> None:
        self.is_reading_now = False

    def resume_reading(self) -> None:
        self.is_reading_now = True
        self.changed.note()

    def is_closing(self) -> bool:
        return self._is_closing

    def close(self) -> None:
        self._is_closing = True

    def abort(self) -> None:
        self._is_closing = True
        self.changed.note()

    def written(self) -> list[Item]:
        """Return every packet that was written, and forget them."""
        data = b"".join(data for _, data in self.log if isinstance(data, bytes))
        self.log[:] = [entry for entry in self.log if entry[0] != "write"]
        return list(Framer().feed(data))


class Wire:
    """A connection on a transport that goes nowhere."""

    def __init__(self, notes: Notes, unacknowledged: dict[int, bytes] | None = None) -> None:
        self.transport = Transport(notes.log)
        self.unacknowledged = {} if unacknowledged is None else unacknowledged
        filters = [mqtt5.TopicFilter("a/#")]
        self.connection = Connection(
            mqtt5.ConnectPacket("centre", keep_alive=60), filters, notes, self.unacknowledged
        )
        self.connection.connection_made(self.transport)

    def receive(self, *packets: bytes) -> None:
        self.connection.data_received(b"".join(packets))

    def open(self, connack: mqtt5.ConnAckPacket | None = None) -> "Wire":
        """Subscribe, and forget what was written for it."""
        self.receive((connack or mqtt5.ConnAckPacket()).write())
        self.receive(mqtt5.SubAckPacket(1, [GRANTED]).write())
        self.transport.log.clear()
        return self

    def publish(self, *, qos: int = 1) -> bool:
        return self.connection.publish("t", b"x", qos=qos)

    def ids_written(self) -> list[int | None]:
        written = self.transport.written()
        return [packet.packet_id for packet in written if isinstance(packet, mqtt5.PublishPacket)]
