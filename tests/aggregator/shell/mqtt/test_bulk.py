"""The bulk connection: it reads all that comes, and discards what there is no time for."""

from collections.abc import Sequence

import mqtt5
import pytest

from aggregator.shell.mqtt import bulk
from aggregator.shell.mqtt.bulk import ROOM_BYTES, ROOM_OF_ONE_BYTES, BulkConnection, Discards
from aggregator.shell.mqtt.connection import BUSY_S
from tests.aggregator.shell.mqtt.scripted_broker import Notes
from tests.aggregator.shell.mqtt.wire import GRANTED, Transport
from tests.kit.waiting import Waiting
from venuewatch.base import clock
from venuewatch.base.wire.framing import BULK_PACKET_BYTES
from venuewatch.base.wire.topics import Stream, centre_bulk, topic

CANARY = centre_bulk("centre")
VITALS = topic("STA", "STA-1", Stream.VITALS)
BACKLOG = topic("STA", "STA-1", Stream.BACKLOG)


class Slow(Notes):
    """A listener for which each message takes ``costs_s`` more than it does."""

    def __init__(self, costs_s: float = 0.0) -> None:
        super().__init__()
        self.costs_s = costs_s
        self.now = 0.0
        self.received: list[str] = []
        self.changed = Waiting()

    def receive(self, publishes: Sequence[mqtt5.PublishPacket]) -> None:
        self.received += [publish.topic for publish in publishes]
        self.now += self.costs_s * len(publishes)
        self.changed.note()


class Bulk:
    """A bulk connection on a transport that goes nowhere, subscribed."""

    def __init__(self, notes: Slow) -> None:
        self.notes = notes
        self.discards = Discards()
        self.transport = Transport(notes.log)
        connect = mqtt5.ConnectPacket("_bulk-centre", keep_alive=60)
        filters = [mqtt5.TopicFilter("a/#")]
        self.connection = BulkConnection(
            connect, filters, notes, {}, canary=CANARY, discards=self.discards
        )
        self.connection.connection_made(self.transport)
        self.read(mqtt5.ConnAckPacket().write(), mqtt5.SubAckPacket(1, [GRANTED]).write())
        self.transport.resume_reading()
        self.transport.log.clear()

    def read(self, *packets: bytes) -> None:
        self.connection.data_received(b"".join(packets))

    def acknowledged(self) -> list[int]:
        written = self.transport.written()
        return [packet.packet_id for packet in written if isinstance(packet, mqtt5.PubAckPacket)]


@pytest.fixture
def notes(monkeypatch: pytest.MonkeyPatch) -> Slow:
    slow, real = Slow(), clock.monotonic
    monkeypatch.setattr(clock, "monotonic", lambda: real() + slow.now)
    return slow


def publish(topic: str, packet_id: int, size: int = 10) -> bytes:
    return mqtt5.PublishPacket(topic, bytes(size), qos=mqtt5.QoS(1), packet_id=packet_id).write()


async def test_a_few_readings_are_processed_and_acknowledged_at_once(notes: Slow) -> None:
    wire = Bulk(notes)

    wire.read(publish(VITALS, 7), publish(BACKLOG, 9))

    assert notes.received == [VITALS, BACKLOG]
    assert wire.acknowledged() == [7, 9]
    assert wire.discards.waiting_bytes == 0


async def test_readings_are_processed_in_slices_with_time_for_others(notes: Slow) -> None:
    wire, notes.costs_s = Bulk(notes), bulk.SLICE_S / 10

    wire.read(*(publish(VITALS, at) for at in range(1, 101)))
    at_once, acknowledged = len(notes.received), wire.acknowledged()
    await notes.changed.until(lambda: len(notes.received) == 100)

    assert 8 <= at_once < 20
    assert acknowledged == list(range(1, at_once + 1))
    assert wire.acknowledged() == list(range(at_once + 1, 101))


async def test_large_messages_are_handed_on_one_by_one(notes: Slow) -> None:
    wire, notes.costs_s = Bulk(notes), bulk.SLICE_S / 2

    wire.read(*(publish(BACKLOG, at, 40_000) for at in range(1, 9)))

    assert len(notes.received) == 2


async def test_readings_wait_here_while_the_core_has_work_left(notes: Slow) -> None:
    wire, notes.is_behind = Bulk(notes), True

    wire.read(publish(VITALS, 1, 1_000))
    waiting, received = wire.discards.waiting_bytes, list(notes.received)
    notes.is_behind = False
    await notes.changed.until(lambda: notes.received == [VITALS])

    assert waiting > 1_000
    assert received == []
    assert wire.acknowledged() == [1]


async def test_a_busy_socket_is_read_on_without_a_rest(notes: Slow) -> None:
    wire = Bulk(notes)

    wire.read(publish(VITALS, 1, 100))
    rests_at_first = not wire.transport.is_reading_now
    wire.transport.resume_reading()
    wire.read(publish(VITALS, 2, 100_000))
    wire.read(publish(VITALS, 3, 100))
    rests_while_busy = not wire.transport.is_reading_now
    notes.now += BUSY_S
    wire.read(publish(VITALS, 4, 100))

    assert (rests_at_first, rests_while_busy) == (True, False)
    assert not wire.transport.is_reading_now


def vitals_of(number: int) -> str:
    return topic("STA", f"STA-{number}", Stream.VITALS)


async def flooded(notes: Slow) -> Bulk:
    """Return a connection whose listener is busy, and that has no room left."""
    wire, notes.costs_s = Bulk(notes), 60.0
    many = ROOM_BYTES // 200_000 + 40
    for at in range(1, many):
        wire.read(publish(vitals_of(at), at, 200_000))
    return wire


async def test_what_has_no_room_is_acknowledged_and_counted_by_stream(notes: Slow) -> None:
    wire = await flooded(notes)
    wire.transport.log.clear()
    before = wire.discards.messages.copy()

    wire.read(publish(BACKLOG, 501, 250_000), publish("other/topic", 502, 250_000))

    assert before["vitals"] > 0
    assert wire.discards.waiting_bytes <= ROOM_BYTES
    assert wire.acknowledged() == [501, 502]
    assert wire.discards.messages["backlog"] == wire.discards.messages["other"] == 1
    assert wire.discards.bytes["backlog"] > 250_000
    assert wire.transport.is_reading_now


async def test_the_canary_is_never_discarded(notes: Slow) -> None:
    wire = await flooded(notes)
    while wire.discards.waiting_bytes < ROOM_BYTES - 1_000:
        wire.read(publish(VITALS, 600, 400))
    discarded = sum(wire.discards.messages.values())

    waiting = wire.discards.waiting_bytes
    wire.read(publish(CANARY, 601, 40))

    assert wire.discards.waiting_bytes > waiting
    assert sum(wire.discards.messages.values()) == discarded


async def full_of_one(notes: Slow, busy_s: float = 60.0) -> Bulk:
    """Return a connection whose listener is busy, and on which one topic has no room left."""
    wire, notes.costs_s = Bulk(notes), busy_s
    for at in range(1, 10):
        wire.read(publish(VITALS, at, ROOM_OF_ONE_BYTES // 6))
    return wire


async def test_a_topic_that_floods_fills_its_own_room_only(notes: Slow) -> None:
    wire = await full_of_one(notes)
    discarded, waiting = wire.discards.messages["vitals"], wire.discards.waiting_bytes

    wire.read(publish(vitals_of(2), 20, 10_000), publish(CANARY, 21, 40))

    assert 0 < discarded == wire.discards.messages["vitals"]
    assert waiting <= ROOM_OF_ONE_BYTES * 7 / 6 + 4_096
    assert wire.discards.waiting_bytes > waiting + 10_000


async def test_what_a_topic_had_no_room_for_is_told_by_topic(notes: Slow) -> None:
    wire = await full_of_one(notes)
    discarded = wire.discards.messages["vitals"]

    over = [told for call, told in notes.log if isinstance(told, dict)]

    assert {name for told in over for name in told} == {VITALS}
    assert sum(told[VITALS].messages for told in over) == discarded
    assert sum(told[VITALS].bytes for told in over) == wire.discards.bytes["vitals"]


async def test_what_the_room_of_all_is_too_small_for_is_no_hosts_fault(notes: Slow) -> None:
    wire = await flooded(notes)

    assert wire.discards.messages["vitals"] > 0
    assert not [call for call, _ in notes.log if call == "discarded"]


async def test_a_topic_has_room_again_once_it_was_processed(notes: Slow) -> None:
    wire = await full_of_one(notes, busy_s=0.1)
    discarded, notes.costs_s = wire.discards.messages["vitals"], 0.0

    await notes.changed.until(lambda: wire.discards.waiting_bytes == 0)
    wire.read(publish(VITALS, 30, 10_000))

    assert wire.discards.messages["vitals"] == discarded
    assert notes.received[-1] == VITALS


async def test_what_waits_at_the_end_is_left_to_the_broker(notes: Slow) -> None:
    wire = await flooded(notes)

    wire.connection.connection_lost(None)

    assert wire.discards.waiting_bytes == 0
    assert notes.log[-1] == ("lost", None)


async def test_a_message_over_the_brokers_own_bound_is_refused(notes: Slow) -> None:
    wire = Bulk(notes)

    wire.read(publish(VITALS, 3, BULK_PACKET_BYTES))

    assert [call for call, _ in notes.log if call == "refuse"] == ["refuse"]
    assert wire.acknowledged() == [3]
