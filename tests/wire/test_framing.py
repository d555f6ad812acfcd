"""Framing: packets out of a byte stream, for any cut and any content."""

import itertools
import tracemalloc
from collections.abc import Iterable, Iterator

import mqtt5
import pytest
from hypothesis import given
from hypothesis import strategies as st

from venuewatch.base.wire.errors import Reason
from venuewatch.base.wire.framing import (
    MAX_PACKET_BYTES,
    Discarded,
    Framer,
    Item,
    Refused,
    StreamError,
)

# The codec's panic over bytes that are no UTF-8 comes with an exception that nobody can catch.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

BOUND = 200
PINGRESP = mqtt5.PingRespPacket().write()


def publish(payload: bytes = b"x", *, packet_id: int | None = None, topic: str = "a/b") -> bytes:
    qos = mqtt5.QoS.AT_MOST_ONCE if packet_id is None else mqtt5.QoS.AT_LEAST_ONCE
    return mqtt5.PublishPacket(topic, payload, qos=qos, packet_id=packet_id).write()


def raw(first: int, body: bytes) -> bytes:
    """Return a packet of any first byte and body, as the codec would never write one."""
    length, left = b"", len(body)
    while True:
        left, low = left >> 7, left & 0x7F
        length += bytes([low | (0x80 if left else 0)])
        if not left:
            return bytes([first]) + length + body


def publish_of(topic: bytes, *, packet_id: int | None = None, rest: bytes = b"\0x") -> bytes:
    named = len(topic).to_bytes(2) + topic
    if packet_id is None:
        return raw(0x30, named + rest)
    return raw(0x32, named + packet_id.to_bytes(2) + rest)


def plain(items: Iterable[Item]) -> list[bytes | Refused | Discarded]:
    """Return packets as bytes, for the codec's packets cannot be compared."""
    return [item if isinstance(item, Refused | Discarded) else item.write() for item in items]


def read(*pieces: bytes, bound: int = BOUND) -> list[bytes | Refused | Discarded]:
    framer = Framer(max_packet_bytes=bound)
    return plain(itertools.chain.from_iterable(map(framer.feed, pieces)))


def cut(stream: bytes, at: Iterable[int]) -> Iterator[bytes]:
    places = [0, *sorted(at), len(stream)]
    return (stream[start:end] for start, end in itertools.pairwise(places))


GRANTED = mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE
OTHERS = [
    PINGRESP,
    mqtt5.PubAckPacket(7).write(),
    mqtt5.ConnAckPacket(session_present=True).write(),
    mqtt5.SubAckPacket(1, [GRANTED]).write(),
]
NO_TEXT = [b"", b"\xff", b"\xff\xfe", b"venuewatch/v1/\xed\xa0\x80/h/beat"]


@st.composite
def packets(draw: st.DrawFn) -> tuple[bytes, bytes | Refused]:
    """A packet, and what is made of it."""
    packet_id = draw(st.none() | st.integers(1, 65_535))
    match draw(st.sampled_from(("other", "no text", "too large", "publish"))):
        case "other":
            packet = draw(st.sampled_from(OTHERS))
        case "no text":
            topic = draw(st.sampled_from(NO_TEXT))
            return publish_of(topic, packet_id=packet_id), Refused(Reason.BAD_PACKET, packet_id)
        case "too large":
            packet = publish(bytes(draw(st.integers(BOUND, 3 * BOUND))), packet_id=packet_id)
            return packet, Refused(Reason.TOO_LARGE, packet_id)
        case _:
            packet = publish(draw(st.binary(max_size=BOUND - 50)), packet_id=packet_id)
    return packet, packet


@given(st.lists(packets(), max_size=8), st.data())
def test_any_cut_of_a_stream_gives_the_same_items(
    packets: list[tuple[bytes, bytes | Refused]], data: st.DataObject
) -> None:
    stream = b"".join(packet for packet, _ in packets)
    places = data.draw(st.lists(st.integers(0, len(stream))) | st.just(range(1, len(stream))))

    assert read(*cut(stream, places)) == [item for _, item in packets]


@pytest.mark.parametrize("over", [0, 1])
def test_a_publish_is_refused_one_byte_over_the_bound(over: int) -> None:
    packet = publish(bytes(BOUND - len(publish(b"")) - 1 + over))

    assert len(packet) == BOUND + over
    assert read(packet) == [Refused(Reason.TOO_LARGE, None) if over else packet]


@pytest.mark.parametrize("packet_id", [None, 9])
def test_a_huge_publish_is_never_held_in_memory(packet_id: int | None) -> None:
    framer, chunk, size = Framer(), bytes(65_536), 200_000_000
    head = publish_of(b"a/b", packet_id=packet_id, rest=b"")
    body = head[2:]
    length = bytes((size >> shift) & 0x7F | (0x80 if shift < 21 else 0) for shift in (0, 7, 14, 21))
    start = head[:1] + length + body
    tracemalloc.start()

    items = plain(framer.feed(start))
    for _ in range((size - len(body)) // len(chunk)):
        items += plain(framer.feed(chunk))
    items += plain(framer.feed(bytes((size - len(body)) % len(chunk)) + PINGRESP))

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert items == [Refused(Reason.TOO_LARGE, packet_id), PINGRESP]
    assert peak < 2 * MAX_PACKET_BYTES


def test_a_large_publish_with_the_longest_topic_is_skipped() -> None:
    packet = publish(bytes(MAX_PACKET_BYTES), packet_id=77, topic="t" * 65_535)
    pieces = cut(packet + PINGRESP, range(0, len(packet), 10_000))

    assert read(*pieces, bound=MAX_PACKET_BYTES) == [Refused(Reason.TOO_LARGE, 77), PINGRESP]


@pytest.mark.parametrize("packet_id", [None, 9])
@given(st.lists(st.integers(1, 300)))
def test_a_publish_without_room_is_skipped_wherever_it_is_cut(
    packet_id: int | None, places: list[int]
) -> None:
    framer = Framer(max_packet_bytes=400, never_discarded="kept")
    framer.room = 100
    large = publish(bytes(200), packet_id=packet_id)
    kept = publish(bytes(200), topic="kept")
    stream = large + PINGRESP + kept + publish(bytes(50)) + publish(bytes(500))

    items = plain(itertools.chain.from_iterable(map(framer.feed, cut(stream, places))))

    assert items == [
        Discarded("a/b", len(large), packet_id),
        PINGRESP,
        kept,
        publish(bytes(50)),
        Refused(Reason.TOO_LARGE, None),
    ]


@given(st.lists(st.integers(1, 300)))
def test_a_publish_of_a_full_topic_is_skipped_wherever_it_is_cut(places: list[int]) -> None:
    framer = Framer(never_discarded="kept")
    framer.full = {b"a/b", b"kept"}
    full, other, kept = (
        publish(bytes(50)),
        publish(bytes(50), topic="c"),
        publish(b"", topic="kept"),
    )

    stream = full + other + kept + PINGRESP
    items = plain(itertools.chain.from_iterable(map(framer.feed, cut(stream, places))))

    assert items == [Discarded("a/b", len(full), None), other, kept, PINGRESP]


def test_room_counts_anew_for_each_packet_of_one_read() -> None:
    framer, packet = Framer(max_packet_bytes=BOUND), publish(bytes(50))
    found = []

    for item in framer.feed(packet * 3):
        found += plain([item])
        framer.room = len(packet) - 1 if len(found) == 1 else BOUND

    assert found == [packet, Discarded("a/b", len(packet), None), packet]


@pytest.mark.parametrize(
    ("packet", "packet_id"),
    [
        (raw(0x30, b""), None),
        (raw(0x30, b"\0"), None),
        (raw(0x30, b"\0\x09a"), None),
        (raw(0x32, b"\0\x01a"), None),
        (raw(0x32, b"\0\x01a\0"), None),
        (publish_of(b"a/b", rest=b"\x02\x99\x01"), None),
        (raw(0x36, b"\0\x01a\0\x05\0x"), 5),  # at QoS 3
    ],
)
def test_a_malformed_publish_is_refused(packet: bytes, packet_id: int | None) -> None:
    assert read(packet + PINGRESP) == [Refused(Reason.BAD_PACKET, packet_id), PINGRESP]


@pytest.mark.parametrize(
    "stream",
    [
        b"\x00\x00",
        b"\x20\x03\x00\xfe\x00",
        b"\x40\x00",
        b"\xd0\x01x",
        b"HTTP/1.1 400 Bad Request\r\n\r\n" * 20,
        b"\x15\x03\x03\x00\x02\x02\x32",
        b"\x30\xff\xff\xff\xff",
        raw(0x90, bytes(BOUND)),
    ],
)
def test_a_stream_that_is_no_mqtt_ends_the_connection(stream: bytes) -> None:
    with pytest.raises(StreamError):
        read(stream)


def ends(*pieces: bytes) -> bool:
    try:
        read(*pieces)
    except StreamError:
        return True
    return False


@given(st.lists(st.binary(max_size=64)))
def test_any_bytes_give_packets_or_the_end_of_the_stream(pieces: list[bytes]) -> None:
    assert ends(*pieces) == ends(b"".join(pieces))


@given(st.integers(0, 255), st.binary(max_size=80))
def test_no_publish_can_end_the_stream(first: int, body: bytes) -> None:
    is_publish = first >> 4 == 3

    assert not (ends(raw(first, body)) and is_publish)
