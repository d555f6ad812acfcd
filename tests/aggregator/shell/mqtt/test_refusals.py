"""Publications that the broker does not take: dropped or forgotten, counted, and said once."""

import mqtt5
import pytest

from aggregator.shell.mqtt.refusals import TOO_LARGE
from tests.aggregator.shell.mqtt.scripted_broker import Linked, Notes
from tests.aggregator.shell.mqtt.wire import Wire

FIRST_ID = 2
MAX_BYTES = 100
LARGE = b"x" * MAX_BYTES
TAKES_LITTLE = mqtt5.ConnAckPacket(max_packet_size=MAX_BYTES)


async def test_what_is_larger_than_the_broker_takes_is_not_sent(
    notes: Notes, caplog: pytest.LogCaptureFixture
) -> None:
    wire = Wire(notes).open(TAKES_LITTLE)

    dropped = [wire.connection.publish("STA/status", LARGE, qos=qos) for qos in (1, 0)]
    wire.publish(qos=0)

    assert dropped == [True, True], "to try it again is no use"
    assert wire.ids_written() == [None]
    assert wire.unacknowledged == {}
    assert wire.connection.refusals.counts[TOO_LARGE] == 2
    assert caplog.messages == ["publication_refused"]


@pytest.mark.parametrize(
    "reason", [mqtt5.PubAckReasonCode.NOT_AUTHORIZED, mqtt5.PubAckReasonCode.QUOTA_EXCEEDED]
)
async def test_publication_that_is_refused_is_counted_by_its_reason(
    notes: Notes, caplog: pytest.LogCaptureFixture, reason: mqtt5.PubAckReasonCode
) -> None:
    wire = Wire(notes).open()
    sent = [wire.publish() for _ in range(3)]

    for at, code in enumerate([reason, mqtt5.PubAckReasonCode.NO_MATCHING_SUBSCRIBERS, reason]):
        wire.receive(mqtt5.PubAckPacket(FIRST_ID + at, reason_code=code).write())

    assert all(sent)
    assert wire.unacknowledged == {}
    assert +wire.connection.refusals.counts == {reason.name.lower(): 2}
    assert caplog.messages == ["publication_refused"]


async def test_what_another_broker_finds_too_large_is_not_sent_again(notes: Notes) -> None:
    unacknowledged: dict[int, bytes] = {}
    wire = Wire(notes, unacknowledged).open()
    wire.connection.publish("STA/status", LARGE, qos=1)
    wire.publish()

    again = Wire(notes, unacknowledged)
    notes.log.clear()
    accepted = mqtt5.ConnAckPacket(session_present=True, max_packet_size=MAX_BYTES)
    again.receive(accepted.write())

    assert again.ids_written() == [FIRST_ID + 1]
    assert list(unacknowledged) == [FIRST_ID + 1]
    assert again.connection.refusals.counts[TOO_LARGE] == 1


async def test_counts_of_a_link_outlive_its_connections(
    linked: Linked, caplog: pytest.LogCaptureFixture
) -> None:
    async with linked() as link:
        for times in (1, 2):
            peer = await (await linked.peer()).admit(TAKES_LITTLE)
            await linked.notes.noted("opened", times)
            for _ in range(2):
                link.publish("STA/status", LARGE, qos=1)
            peer.hang_up()
            await linked.notes.noted("lost", times)

    assert link.refusals.counts[TOO_LARGE] == 4
    assert caplog.messages.count("publication_refused") == 2, "once in a connection"
