"""The protocol of a session, without a network: what goes out for what comes in."""

import contextlib
import math
from collections import Counter
from collections.abc import Iterator, Sequence

import mqtt5
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.mqtt import protocol
from agent.mqtt.protocol import TOO_LARGE, Client, Heard, Limits, ProtocolError, Refusal

# The codec panics over bytes that are no UTF-8, with an exception that nobody can catch.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

KEEPALIVE_S = 5
NOW = 100.0


def new_client(
    patterns: Sequence[str] = ("tick",), *, refused: Counter[str] | None = None
) -> Client:
    """Return a session that the broker has not answered."""
    connect = mqtt5.ConnectPacket("STA-1", clean_start=True, keep_alive=KEEPALIVE_S)
    filters = [mqtt5.TopicFilter(pattern) for pattern in patterns]
    limits = None if refused is None else Limits(math.inf, refused)
    return Client(connect, filters, NOW, limits)


def client(
    patterns: Sequence[str] = ("tick",),
    *,
    receive_max: int = 20,
    keepalive_s: int | None = None,
    refused: Counter[str] | None = None,
) -> Client:
    """Return a session that the broker has accepted at ``NOW``, with nothing left to send."""
    made = new_client(patterns, refused=refused)
    accepted = mqtt5.ConnAckPacket(receive_max=receive_max, server_keep_alive=keepalive_s)
    receive(made, accepted)
    made.take()
    return made


def receive(client: Client, *packets: mqtt5.Packet, now: float = NOW) -> list[Heard]:
    return list(client.receive(b"".join(packet.write() for packet in packets), now))


def sent(client: Client) -> list[mqtt5.Packet]:
    return list(packets_of(client.take()))


def publications(client: Client) -> list[mqtt5.PublishPacket]:
    return [packet for packet in sent(client) if isinstance(packet, mqtt5.PublishPacket)]


def acknowledged(client: Client) -> list[int]:
    return [packet.packet_id for packet in sent(client) if isinstance(packet, mqtt5.PubAckPacket)]


def packets_of(data: bytes) -> Iterator[mqtt5.Packet]:
    while data:
        packet, size = mqtt5.read(memoryview(data))
        data = data[size:]
        yield packet


def test_session_connects_then_subscribes_once_it_is_accepted() -> None:
    made = new_client()
    first = sent(made)
    was_open = made.is_open
    receive(made, mqtt5.ConnAckPacket())

    assert [type(packet) for packet in first] == [mqtt5.ConnectPacket]
    assert [type(packet) for packet in sent(made)] == [mqtt5.SubscribePacket]
    assert (was_open, made.is_open) == (False, True)


def test_message_is_acknowledged_after_it_was_processed() -> None:
    made = client()
    packet = mqtt5.PublishPacket("cmd", b"1", qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=7)
    received = made.receive(packet.write(), NOW)

    heard = next(received)
    before = sent(made)
    rest = list(received)

    assert (heard, rest) == (Heard("cmd", b"1"), [])
    assert before == []
    assert acknowledged(made) == [7]


@pytest.mark.parametrize(
    ("reason", "is_published"),
    [
        (mqtt5.PubAckReasonCode.SUCCESS, True),
        (mqtt5.PubAckReasonCode.NO_MATCHING_SUBSCRIBERS, True),
        (mqtt5.PubAckReasonCode.NOT_AUTHORIZED, False),
        (mqtt5.PubAckReasonCode.QUOTA_EXCEEDED, False),
    ],
)
def test_message_that_the_broker_refused_is_not_published(
    reason: mqtt5.PubAckReasonCode, *, is_published: bool
) -> None:
    made = client()
    receipt = made.publish("vitals", b"1", NOW, qos=1)
    (packet,) = sent(made)
    assert isinstance(packet, mqtt5.PublishPacket)
    assert packet.packet_id is not None

    receive(made, mqtt5.PubAckPacket(packet.packet_id, reason_code=reason))

    assert receipt.is_published() is is_published


def test_no_more_are_on_their_way_than_the_broker_takes() -> None:
    made = client(receive_max=2)
    receipts = [made.publish("vitals", b"%d" % number, NOW, qos=1) for number in range(4)]
    order = []
    for _ in range(4):
        packets = publications(made)
        order.append([packet.payload for packet in packets])
        for packet in packets:
            receive(made, mqtt5.PubAckPacket(packet.packet_id or 0))

    assert order[:2] == [[b"0", b"1"], [b"2", b"3"]]
    assert all(receipt.is_published() for receipt in receipts)


def test_messages_that_wait_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "WAITING_MAX", 3)
    made = client(receive_max=1)

    receipts = [made.publish("vitals", b"%d" % number, NOW, qos=1) for number in range(9)]
    while packets := publications(made):
        for packet in packets:
            receive(made, mqtt5.PubAckPacket(packet.packet_id or 0))

    assert [receipt.is_published() for receipt in receipts] == [True] * 4 + [False] * 5
    assert [receipt.refused for receipt in receipts] == [""] * 4 + [protocol.TOO_MANY] * 5


def test_packet_ids_come_round_and_pass_over_those_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "_LAST_ID", 2_000)
    made = client(receive_max=10)
    made.publish("vitals", b"never acknowledged", NOW, qos=1)
    (first,) = sent(made)
    assert isinstance(first, mqtt5.PublishPacket)

    used = set()
    for _ in range(4_000):
        made.publish("vitals", b"1", NOW, qos=1)
        (packet,) = sent(made)
        assert isinstance(packet, mqtt5.PublishPacket)
        used.add(packet.packet_id)
        receive(made, mqtt5.PubAckPacket(packet.packet_id or 0))

    assert first.packet_id not in used
    assert len(used) == 1_998


@pytest.mark.parametrize(("said_s", "keepalive_s"), [(None, 5.0), (2, 2.0), (60, 5.0), (0, 5.0)])
def test_silent_connection_is_pinged_and_then_given_up(
    said_s: int | None, keepalive_s: float
) -> None:
    made = client(keepalive_s=said_s)
    made.advance(NOW + keepalive_s - 0.1)
    before = sent(made)

    made.advance(NOW + keepalive_s)
    pinged = sent(made)
    made.advance(NOW + 2 * keepalive_s - 0.1)

    assert before == []
    assert [type(packet) for packet in pinged] == [mqtt5.PingReqPacket]
    assert made.due_at == NOW + 2 * keepalive_s
    with pytest.raises(ProtocolError, match="silent"):
        made.advance(NOW + 2 * keepalive_s)


def test_any_sign_of_life_answers_a_ping() -> None:
    made = client()
    made.advance(NOW + 5.0)

    receive(made, mqtt5.PublishPacket("tick", b"1"), now=NOW + 9.0)
    made.take()
    made.advance(NOW + 10.0)

    assert [type(packet) for packet in sent(made)] == [mqtt5.PingReqPacket]
    assert made.due_at == NOW + 15.0


def test_refused_connection_ends_the_session_with_its_reason() -> None:
    refusal = mqtt5.ConnAckPacket(reason_code=mqtt5.ConnAckReasonCode.NOT_AUTHORIZED)
    made = new_client()

    with pytest.raises(ProtocolError, match="the broker refused the session: Not authorized"):
        receive(made, refusal)

    assert not made.is_open


@pytest.mark.parametrize(
    "packet", [mqtt5.PublishPacket("tick", b"1"), mqtt5.PingRespPacket()], ids=repr
)
def test_anything_before_the_first_answer_ends_the_session(packet: mqtt5.Packet) -> None:
    name = type(packet).__name__

    with pytest.raises(ProtocolError, match=f"the broker sent an unexpected {name}"):
        receive(new_client(), packet)


@pytest.mark.parametrize(
    ("packet", "why"),
    [
        (
            mqtt5.DisconnectPacket(reason_code=mqtt5.DisconnectReasonCode.SERVER_SHUTTING_DOWN),
            "the broker ended the session: Server shutting down",
        ),
        (mqtt5.PingReqPacket(), "the broker sent an unexpected PingReqPacket"),
        (mqtt5.ConnAckPacket(), "the broker sent an unexpected ConnAckPacket"),
        (
            mqtt5.PublishPacket("tick", b"1", topic_alias=1),
            "the broker sent a topic alias, and none was offered",
        ),
        (
            mqtt5.PublishPacket("tick", b"1", qos=mqtt5.QoS.EXACTLY_ONCE, packet_id=1),
            "the broker sent a message at QoS 2, and QoS 1 was asked for",
        ),
    ],
)
def test_what_ends_the_session_is_said(packet: mqtt5.Packet, why: str) -> None:
    with pytest.raises(ProtocolError, match=why) as raised:
        receive(client(), packet)

    assert not raised.value.was_taken_over


def test_refused_subscription_is_noted_and_beats_go_on() -> None:
    made = client(["tick", "state"])

    receive(
        made,
        mqtt5.SubAckPacket(
            1,
            [
                mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE,
                mqtt5.SubAckReasonCode.NOT_AUTHORIZED,
            ],
        ),
    )
    made.publish("beat", b"1", NOW, qos=0)

    assert list(made.refusals) == [Refusal("subscription_refused", "state", "Not authorized")]
    assert [type(packet) for packet in sent(made)] == [mqtt5.PublishPacket]


def test_refused_publication_is_noted_once() -> None:
    made = client()
    for _ in range(3):
        made.publish("vitals", b"1", NOW, qos=1)
        (packet,) = sent(made)
        assert isinstance(packet, mqtt5.PublishPacket)
        reason = mqtt5.PubAckReasonCode.NOT_AUTHORIZED
        receive(made, mqtt5.PubAckPacket(packet.packet_id or 0, reason_code=reason))

    assert list(made.refusals) == [Refusal("publication_refused", "vitals", "Not authorized")]


def test_message_larger_than_the_broker_takes_is_not_sent() -> None:
    made = new_client()
    receive(made, mqtt5.ConnAckPacket(max_packet_size=100))
    made.take()

    large = made.publish("vitals", b"1" * 100, NOW, qos=1)
    made.publish("vitals", b"1", NOW, qos=1)

    assert [packet.payload for packet in publications(made)] == [b"1"]
    assert not large.is_published()
    assert large.refused == TOO_LARGE
    assert list(made.refusals) == [
        Refusal("publication_refused", "vitals", "the broker takes packets of 100 bytes at most")
    ]


def test_message_of_before_the_session_is_not_sent_where_it_is_too_large() -> None:
    made = new_client()
    early = made.publish("birth", b"1" * 100, NOW, qos=1)

    receive(made, mqtt5.ConnAckPacket(max_packet_size=100))

    assert publications(made) == []
    assert early.refused == TOO_LARGE


@pytest.mark.parametrize(
    "reason", [mqtt5.PubAckReasonCode.QUOTA_EXCEEDED, mqtt5.PubAckReasonCode.NOT_AUTHORIZED]
)
def test_refused_publication_is_counted_by_its_reason(reason: mqtt5.PubAckReasonCode) -> None:
    refused = Counter[str]()
    made = client(refused=refused)

    receipts = [made.publish("vitals", b"1", NOW, qos=1) for _ in range(2)]
    for packet in publications(made):
        receive(made, mqtt5.PubAckPacket(packet.packet_id or 0, reason_code=reason))

    assert refused == {reason.name.lower(): 2}
    assert [receipt.refused for receipt in receipts] == [reason.name.lower()] * 2
    assert not any(receipt.is_published() for receipt in receipts)


def test_session_that_ended_for_a_large_packet_says_so_and_how_large_the_largest_was() -> None:
    made = client()
    made.publish("vitals", b"1" * 100, NOW, qos=1)
    reason = mqtt5.DisconnectReasonCode.PACKET_TOO_LARGE

    with pytest.raises(ProtocolError) as raised:
        receive(made, mqtt5.DisconnectPacket(reason_code=reason))

    assert raised.value.was_too_large
    assert made.largest_bytes == max(len(packet.write()) for packet in publications(made))


def test_message_of_before_the_session_follows_its_opening() -> None:
    made = new_client()
    made.publish("birth", b"1", NOW, qos=1)
    before = publications(made)

    receive(made, mqtt5.ConnAckPacket())

    assert before == []
    assert [packet.payload for packet in publications(made)] == [b"1"]


def test_reading_that_brings_nothing_is_no_sign_of_life() -> None:
    made = client()
    made.advance(NOW + 5.0)

    list(made.receive(b"", NOW + 9.0))

    with pytest.raises(ProtocolError, match="silent"):
        made.advance(NOW + 10.0)


def test_session_that_was_taken_over_says_so() -> None:
    taken = mqtt5.DisconnectPacket(reason_code=mqtt5.DisconnectReasonCode.SESSION_TAKEN_OVER)

    with pytest.raises(ProtocolError) as raised:
        receive(client(), taken)

    assert raised.value.was_taken_over


def test_malformed_message_is_skipped_and_acknowledged() -> None:
    made = client()
    bad = b"\x32\x07\x00\x01a\x00\x09\x02\xfe"  # an unknown property, at QoS 1

    heard = list(made.receive(bad + mqtt5.PublishPacket("tick", b"1").write(), NOW))

    assert heard == [Heard("tick", b"1")]
    assert acknowledged(made) == [9]
    assert list(made.refusals) == [Refusal("message_refused", "", "bad_packet")]


PACKETS = [
    mqtt5.ConnAckPacket(receive_max=1).write(),
    mqtt5.SubAckPacket(1, [mqtt5.SubAckReasonCode.UNSPECIFIED_ERROR]).write(),
    mqtt5.PublishPacket("tick", b"1").write(),
    mqtt5.PublishPacket("cmd", b"1", qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=7).write(),
    mqtt5.PubAckPacket(2).write(),
    mqtt5.PingRespPacket().write(),
    mqtt5.DisconnectPacket().write(),
]


@given(st.lists(st.sampled_from(PACKETS) | st.binary(max_size=12), max_size=8), st.data())
def test_no_bytes_of_a_broker_raise_anything_else(
    packets: list[bytes], data: st.DataObject
) -> None:
    stream = bytearray(b"".join(packets))
    for _ in range(data.draw(st.integers(0, 3))):
        if stream:
            stream[data.draw(st.integers(0, len(stream) - 1))] = data.draw(st.integers(0, 255))
    made = client() if data.draw(st.booleans()) else new_client()
    cut = data.draw(st.integers(0, len(stream)))

    with contextlib.suppress(ProtocolError):
        for part in (stream[:cut], stream[cut:]):
            for _ in made.receive(bytes(part), NOW):
                made.publish("birth", b"1", NOW, qos=1)
