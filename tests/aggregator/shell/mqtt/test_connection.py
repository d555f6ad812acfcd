"""Connection, packet by packet: what is written, when, and what the listener receives."""

import mqtt5
import pytest

from aggregator.shell.mqtt.connection import BUSY_S
from tests.aggregator.shell.mqtt.scripted_broker import Notes
from tests.aggregator.shell.mqtt.wire import Wire
from venuewatch.base import clock
from venuewatch.base.wire.errors import Reason

FIRST_ID, LAST_ID = 2, 65_535  # 1 is the subscription's


@pytest.fixture
async def wire(notes: Notes) -> Wire:
    """A connection that is subscribed."""
    return Wire(notes).open()


def publish(topic: str, packet_id: int | None = None, payload: bytes = b"x") -> bytes:
    qos = mqtt5.QoS(packet_id is not None)
    return mqtt5.PublishPacket(topic, payload, qos=qos, packet_id=packet_id).write()


def puback(packet_id: int) -> bytes:
    return mqtt5.PubAckPacket(packet_id).write()


async def test_messages_are_acknowledged_in_one_write_after_the_listener(
    wire: Wire, notes: Notes
) -> None:
    wire.receive(publish("a", 7), publish("b"), publish("c", 9))

    assert notes.log == [("receive", ["a", "b", "c"]), ("write", puback(7) + puback(9))]


async def test_a_message_that_fails_the_listener_is_not_acknowledged(
    wire: Wire, notes: Notes
) -> None:
    notes.fault = RuntimeError("a bug of ours")

    with pytest.raises(RuntimeError, match="a bug of ours"):
        wire.receive(publish("a", 7))

    assert wire.transport.written() == []


LARGE = mqtt5.PublishPacket("a", bytes(400_000), qos=mqtt5.QoS(1), packet_id=7).write()


@pytest.mark.parametrize(
    ("packet", "reason"),
    [(LARGE, Reason.TOO_LARGE), (b"\x32\x06\x00\x01a\x00\x07\x99", Reason.BAD_PACKET)],
    ids=["too large", "malformed"],
)
async def test_a_refused_message_is_counted_and_acknowledged_only(
    wire: Wire, notes: Notes, packet: bytes, reason: Reason
) -> None:
    wire.receive(packet, publish("b"))

    assert notes.log == [("refuse", reason), ("receive", ["b"]), ("write", puback(7))]


async def test_messages_before_the_end_are_still_received(wire: Wire, notes: Notes) -> None:
    wire.receive(publish("a"), mqtt5.DisconnectPacket().write())

    assert notes.log == [("receive", ["a"])]
    assert wire.transport.is_closing()


async def test_the_socket_rests_after_each_read(wire: Wire) -> None:
    wire.receive(publish("a"))
    is_resting = not wire.transport.is_reading_now
    await wire.transport.changed.until(lambda: wire.transport.is_reading_now)

    assert is_resting


async def test_a_large_read_is_followed_by_another_without_a_rest(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.monotonic()
    monkeypatch.setattr(clock, "monotonic", lambda: now)

    wire.transport.resume_reading()
    wire.receive(*[publish("a", payload=bytes(10_000))] * 10)
    rests_while_busy = not wire.transport.is_reading_now
    now += BUSY_S
    wire.receive(publish("a"))

    assert not rests_while_busy
    assert not wire.transport.is_reading_now


async def test_packet_ids_count_up_beside_the_subscriptions(wire: Wire) -> None:
    sent = [wire.publish(), wire.publish(qos=0), wire.publish()]

    assert sent == [True, True, True]
    assert wire.ids_written() == [FIRST_ID, None, FIRST_ID + 1]


@pytest.mark.long
async def test_packet_ids_begin_again_beside_unacknowledged_ones(wire: Wire) -> None:
    wire.publish()
    for packet_id in range(FIRST_ID + 1, LAST_ID + 1):
        wire.publish()
        wire.receive(puback(packet_id))
    wire.transport.log.clear()

    wire.publish()

    assert wire.ids_written() == [FIRST_ID + 1]


@pytest.mark.timeout(10)
async def test_a_broker_that_acknowledges_nothing_stops_only_qos_1(wire: Wire) -> None:
    sent = [wire.publish() for _ in range(LAST_ID + 10)]

    assert not any(sent[LAST_ID:])
    assert wire.publish(qos=0)


async def test_the_brokers_receive_maximum_is_kept(notes: Notes) -> None:
    wire = Wire(notes).open(mqtt5.ConnAckPacket(receive_max=2))

    sent = [wire.publish() for _ in range(3)]
    wire.receive(puback(FIRST_ID))
    sent.append(wire.publish())

    assert sent == [True, True, False, True]


@pytest.mark.parametrize("is_present", [True, False])
async def test_unacknowledged_messages_are_sent_again_in_their_session(
    notes: Notes, *, is_present: bool
) -> None:
    unacknowledged: dict[int, bytes] = {}
    wire = Wire(notes, unacknowledged).open()
    wire.publish()
    wire.publish()
    wire.receive(puback(FIRST_ID))

    again = Wire(notes, unacknowledged)
    notes.log.clear()
    again.receive(mqtt5.ConnAckPacket(session_present=is_present).write())

    resent = [(FIRST_ID + 1, True, "t", b"x")] if is_present else []
    assert resent == [
        (packet.packet_id, packet.duplicate, packet.topic, packet.payload)
        for packet in again.transport.written()
        if isinstance(packet, mqtt5.PublishPacket)
    ]
    assert len(unacknowledged) == len(resent)


async def test_nothing_is_published_into_a_full_connection(wire: Wire) -> None:
    wire.connection.pause_writing()
    while_it_is_full = wire.publish(qos=0)
    wire.connection.resume_writing()

    assert (while_it_is_full, wire.publish(qos=0)) == (False, True)


@pytest.mark.parametrize(
    ("error", "why"),
    [(None, "the broker closed the connection"), (ConnectionResetError("reset"), "reset")],
)
async def test_a_lost_connection_is_reported_once_with_its_reason(
    wire: Wire, notes: Notes, error: Exception | None, why: str
) -> None:
    wire.connection.connection_lost(error)

    assert notes.log == [("lost", None)]
    assert await wire.connection.ended == why


def quick(notes: Notes) -> Wire:
    wire = Wire(notes)
    wire.connection.keepalive_s = 0.01  # the shortest that a configuration allows is 1 s
    return wire.open()


async def test_a_silent_broker_is_given_up(notes: Notes) -> None:
    wire = quick(notes)

    await wire.transport.changed.until(wire.transport.is_closing)
    wire.connection.connection_lost(None)

    assert await wire.connection.ended == "the broker was silent for 0.01 s"
    assert [type(packet) for packet in wire.transport.written()] == [mqtt5.PingReqPacket]


async def test_any_packet_of_the_broker_is_a_sign_of_life(notes: Notes) -> None:
    wire = quick(notes)

    for _ in range(5):
        wire.receive(publish("a"))
        wire.transport.log.clear()
        await wire.transport.changed.until(lambda: wire.transport.is_closing() or bool(notes.log))

    assert [type(packet) for packet in wire.transport.written()] == [mqtt5.PingReqPacket]
    assert not wire.transport.is_closing()
    wire.connection.connection_lost(None)


async def test_the_brokers_own_keepalive_is_used(notes: Notes) -> None:
    wire = Wire(notes).open(mqtt5.ConnAckPacket(server_keep_alive=7))

    assert wire.connection.keepalive_s == 7.0
    wire.connection.connection_lost(None)
