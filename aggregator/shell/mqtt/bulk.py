"""The bulk connection: reads all that comes, and discards what there is no time for.

1. The socket is read on while much comes, as that of every connection.
2. What was read waits here, up to ``ROOM_BYTES``. A message for which there is no room is skipped
   as it streams in, before it is decoded. It is counted, and acknowledged: else the broker would
   keep it, and deliver nothing behind it.
   Of one topic, so of one stream of a host, at most ``ROOM_OF_ONE_BYTES`` wait: a host that floods
   fills its own room, and nobody waits long behind it. What it has no room for is told by topic.
3. What waits is processed in slices of ``SLICE_S``, and after each one as much time is left to
   others as it took. A message is acknowledged when it was processed.

What is discarded of a backlog is not lost: its agent keeps it until the aggregator has stored it.
Discarded vitals and checks leave a gap in their numbers, and are counted as missing. The canary is
never discarded. What waits when the connection ends comes again, as it was not acknowledged.
"""

from collections import Counter, deque

import mqtt5

from aggregator.core.budget import Discarding
from aggregator.shell.mqtt.connection import Connection, Listener
from venuewatch.base import clock
from venuewatch.base.wire import topics
from venuewatch.base.wire.framing import BULK_PACKET_BYTES, Discarded, Framer, Refused

ROOM_BYTES = 16 * 2**20
"""How much may wait to be processed: 18,000 vitals of the reference host."""

ROOM_OF_ONE_BYTES = 512 * 1024
"""How much of one topic may wait: 400 packed vitals, or 100 batches of backlog of 4 kB."""

SLICE_S = 0.01
"""For how long (s) messages are processed at a time."""

MESSAGE_BYTES = 512
"""What a message that waits is counted for, beside its payload: the objects that hold it."""

_AT_ONCE = 16  # messages that the listener gets at a time, where they are small
_AT_ONCE_BYTES = 16_384
_STREAMS = frozenset(stream.value for stream in topics.BULK)


class Discards:
    """What bulk connections have discarded, over all of them: messages and bytes, by stream.

    Attributes:
        waiting_bytes: what waits to be processed now.
    """

    def __init__(self) -> None:
        self.messages: Counter[str] = Counter(dict.fromkeys((*topics.BULK, "other"), 0))
        self.bytes: Counter[str] = Counter(dict.fromkeys((*topics.BULK, "other"), 0))
        self.waiting_bytes = 0

    def add(self, discarded: Discarded) -> None:
        """Count a message that was discarded."""
        last = discarded.topic.rpartition("/")[2]
        stream = last if last in _STREAMS else "other"
        self.messages[stream] += 1
        self.bytes[stream] += discarded.size


class BulkConnection(Connection):
    """Speaks MQTT 5 over one transport, and never lets the broker wait.

    ``canary``: the topic whose messages are never discarded.
    """

    def __init__(
        self,
        connect: mqtt5.ConnectPacket,
        filters: list[mqtt5.TopicFilter],
        listener: Listener,
        unacknowledged: dict[int, bytes],
        *,
        canary: str,
        discards: Discards,
    ) -> None:
        framer = Framer(max_packet_bytes=BULK_PACKET_BYTES, never_discarded=canary)
        super().__init__(connect, filters, listener, unacknowledged, framer)
        self._discards = discards
        self._waiting: deque[mqtt5.PublishPacket] = deque()
        self._waiting_bytes = 0
        self._waiting_of: dict[str, int] = {}
        self._over: dict[str, Discarding] = {}
        self._is_due = False
        self._next_at = 0.0

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what waits: the broker sends again what was not acknowledged."""
        self._waiting.clear()
        self._waiting_of.clear()
        self._waiting_bytes = self._discards.waiting_bytes = 0
        super().connection_lost(exc)

    def _keep(self, publish: mqtt5.PublishPacket) -> None:
        self._waiting.append(publish)
        topic, size = publish.topic, len(publish.payload) + MESSAGE_BYTES
        self._waiting_bytes += size
        of_topic = self._waiting_of[topic] = self._waiting_of.get(topic, 0) + size
        if of_topic > ROOM_OF_ONE_BYTES:
            self._framer.full.add(topic.encode())
        self._note_room()

    def _skip(self, item: Refused | Discarded) -> None:
        if isinstance(item, Discarded):
            self._discards.add(item)
            if item.topic.encode() in self._framer.full:
                messages, size = self._over.get(item.topic, (0, 0))
                self._over[item.topic] = Discarding(messages + 1, size + item.size)
        else:
            super()._skip(item)

    def _process(self, acks: list[int]) -> None:
        """Process a slice of what waits, unless others have the loop just now."""
        if self._over:
            over, self._over = self._over, {}
            self._listener.discarded(over)
        if self._is_due or not self._waiting:
            return
        if self._listener.is_behind:  # a storm is decided first: here what waits has its bound
            self._process_later(SLICE_S)
            return
        start = now = clock.monotonic()
        if now < self._next_at:
            self._process_later(self._next_at - now)
            return
        while self._waiting and now - start < SLICE_S:
            some = self._take_some()
            self._listener.receive(some)
            acks += [item.packet_id for item in some if item.packet_id is not None]
            now = clock.monotonic()
        self._next_at = now + (now - start)
        if self._waiting:
            self._process_later(now - start)

    def _take_some(self) -> list[mqtt5.PublishPacket]:
        """Take from what waits as much as the listener gets at a time."""
        some: list[mqtt5.PublishPacket] = []
        room = _AT_ONCE_BYTES
        while self._waiting and len(some) < _AT_ONCE and room > 0:
            item = self._waiting.popleft()
            some.append(item)
            room -= len(item.payload)
            self._note_taken(item.topic, len(item.payload) + MESSAGE_BYTES)
        self._note_room()
        return some

    def _process_later(self, wait_s: float) -> None:
        self._is_due = True
        self._timers["slice"] = self._loop.call_later(wait_s, self._go_on)

    def _go_on(self) -> None:
        self._is_due = False
        acks: list[int] = []
        self._process(acks)
        self._acknowledge(acks)

    def _note_taken(self, topic: str, size: int) -> None:
        self._waiting_bytes -= size
        of_topic = self._waiting_of.pop(topic) - size
        if of_topic:
            self._waiting_of[topic] = of_topic
        if self._framer.full and of_topic <= ROOM_OF_ONE_BYTES:
            self._framer.full.discard(topic.encode())

    def _note_room(self) -> None:
        self._discards.waiting_bytes = waiting = self._waiting_bytes
        room = ROOM_BYTES - waiting
        self._framer.room = BULK_PACKET_BYTES if room > BULK_PACKET_BYTES else max(0, room)
