"""Cuts the broker's byte stream into MQTT packets, for any bytes.

The codec gets one whole packet at a time, within a bound. A PUBLISH over the bound is skipped
while it arrives, and never held in memory. A PUBLISH that the codec rejects is skipped, too. Both
become a :class:`Refused`, with the packet id that still has to be acknowledged. Any other
malformed packet ends the connection: it is unknown where the next packet begins.

A reader that has no room for a PUBLISH, or for more of its topic, discards it likewise, before the
codec sees it: it becomes a :class:`Discarded`.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias

import mqtt5

from venuewatch.base.wire.errors import Reason, WireError
from venuewatch.base.wire.messages import MAX_PAYLOAD_BYTES

MAX_PACKET_BYTES = MAX_PAYLOAD_BYTES + 65_536 + 1_024
"""The largest packet shown to the codec: a payload, the longest topic and some properties."""

LIVE_PACKET_BYTES = 16_384
"""The largest packet that an aggregator takes on its live connection."""

BULK_PACKET_BYTES = 327_680
"""And on its bulk connection; also ``max_packet_size`` in ``mosquitto/``."""

_PUBLISH = 3
_MORE = 0x80  # in a length byte: another follows (MQTT 5, 1.5.5)
_LENGTH_BYTES_MAX = 4


class StreamError(WireError):
    """The rest of the broker's byte stream can not be decoded."""


class Refused(NamedTuple):
    """A PUBLISH that was not decoded. ``packet_id`` is None where none needs acknowledging."""

    reason: Reason
    packet_id: int | None


class Discarded(NamedTuple):
    """A PUBLISH for which there was no room. ``packet_id`` is None at QoS 0."""

    topic: str
    size: int
    packet_id: int | None


Item: TypeAlias = mqtt5.Packet | Refused | Discarded


class Framer:
    """Holds the bytes of the packet that is not yet complete.

    ``never_discarded``: PUBLISHes of this topic are read whether there is room or not.

    Attributes:
        room: a PUBLISH of more bytes is discarded. The reader may change it with each packet.
        full: topics of which every PUBLISH is discarded. The reader may change them likewise.
    """

    def __init__(
        self, *, max_packet_bytes: int = MAX_PACKET_BYTES, never_discarded: str = ""
    ) -> None:
        self._max_packet_bytes = max_packet_bytes
        self._never_discarded = never_discarded.encode()
        self.room = max_packet_bytes
        self.full: set[bytes] = set()
        self._rest = b""
        self._to_skip = 0

    def feed(self, data: bytes) -> Iterator[Item]:
        """Yield the packets that ``data`` completes.

        Raises:
            StreamError: the connection must end.
        """
        if self._to_skip:
            passed = min(self._to_skip, len(data))
            self._to_skip -= passed
            data = data[passed:]
        data = self._rest + data
        self._rest = b""
        view = memoryview(data)
        start, size = 0, len(data)
        while start < size:
            # Nearly every packet has its length in two bytes; the loop is for the others.
            if start + 2 < size and data[start + 1] & _MORE and data[start + 2] < _MORE:
                body = start + 3
                end = body + (data[start + 1] ^ _MORE | data[start + 2] << 7)
            else:
                head = _header(data, start)
                if head is None:
                    break
                body, end = head
            if end - start > self.room or self.full:
                skipped = self._skipped(view[start:end], body - start, end - start)
                if skipped is None:
                    break
                if skipped:
                    yield skipped
                    self._to_skip = max(0, end - size)
                    start = end
                    continue
            if end > size:
                break
            yield _decode(view[start:end], body - start)
            start = end
        self._rest = bytes(view[start:])

    def _skipped(
        self, packet: memoryview, body: int, size: int
    ) -> Refused | Discarded | Literal[False] | None:
        """Return as what a packet is skipped, False if it is not; None if it is cut too short."""
        is_over = size > self._max_packet_bytes
        if packet[0] >> 4 != _PUBLISH:
            if is_over:
                raise StreamError(f"a packet of type {packet[0] >> 4} is over the bound")
            return False
        packet_id, topic = _packet_id(packet, body), _topic(packet, body)
        if packet_id is None or topic is None:
            return None if len(packet) < size else Refused(Reason.BAD_PACKET, None)
        if is_over:
            return Refused(Reason.TOO_LARGE, *packet_id)
        if topic == self._never_discarded or (size <= self.room and topic not in self.full):
            return False
        return Discarded(topic.decode(errors="replace"), size, *packet_id)


def _header(data: bytes, start: int) -> tuple[int, int] | None:
    """Return start and end of the packet's body; None while its length is incomplete."""
    length = shift = 0
    for at in range(start + 1, min(start + 1 + _LENGTH_BYTES_MAX, len(data))):
        byte = data[at]
        length |= (byte & ~_MORE) << shift
        if not byte & _MORE:
            return at + 1, at + 1 + length
        shift += 7
    if len(data) - start > _LENGTH_BYTES_MAX:
        raise StreamError("expected a packet length of at most four bytes")
    return None


def _decode(packet: memoryview, body: int) -> Item:
    try:
        return mqtt5.read(packet)[0]
    except (ValueError, IndexError) as error:
        fault: BaseException = error
    except BaseException as error:
        # The codec's panic is a BaseException of a type that cannot be imported.
        if type(error).__name__ != "PanicException":
            raise
        fault = error
    if packet[0] >> 4 != _PUBLISH:
        raise StreamError(f"a packet of type {packet[0] >> 4} is malformed: {fault}")
    packet_id = _packet_id(packet, body)
    return Refused(Reason.BAD_PACKET, packet_id[0] if packet_id else None)


def _topic(publish: memoryview, body: int) -> bytes | None:
    """Return the topic of a PUBLISH, None if it is cut too short."""
    end = body + 2 + int.from_bytes(publish[body : body + 2])
    return bytes(publish[body + 2 : end]) if len(publish) >= max(body + 2, end) else None


def _packet_id(publish: memoryview, body: int) -> tuple[int | None] | None:
    """Return the packet id of a PUBLISH; None inside for QoS 0, None outside if cut too short."""
    if not (publish[0] >> 1) & 3:
        return (None,)
    after_topic = body + 2 + int.from_bytes(publish[body : body + 2])
    if len(publish) < after_topic + 2:
        return None
    return (int.from_bytes(publish[after_topic : after_topic + 2]),)
