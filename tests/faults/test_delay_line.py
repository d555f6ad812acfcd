"""The delay line delays, loses and cuts as its settings say; all else is the kernels' own."""

import contextlib
import random
import socket
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.faults.stage import RETRANSMITTED, UNACKED, datagrams, staged, tcp_info
from tests.integration.real import until
from venuewatch.base import clock
from venuewatch.rehearsal.stage.delay_line import Direction, Settings, Way
from venuewatch.rehearsal.stage.machine import inside
from venuewatch.rehearsal.stage.network import HIGH, LOW, Pair
from venuewatch.rehearsal.stage.uplink import Uplink

pytestmark = pytest.mark.real

SIZE = 100
BURST = 100  # a socket surely holds as many small datagrams


class Joined(NamedTuple):
    """A line, and a socket at each of its ends, which is connected to the other."""

    line: Uplink
    low: socket.socket
    high: socket.socket


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with staged() as run:
        made = Pair(run.prefix).make()
        yield made
        made.uplink.close()


@pytest.fixture
def joined(pair: Pair) -> Iterator[Joined]:
    pair.uplink.heal()
    with datagrams(pair.low, LOW) as low, datagrams(pair.high, HIGH) as high:
        low.connect(high.getsockname())
        high.connect(low.getsockname())
        yield Joined(pair.uplink, low, high)


def send_burst(sender: socket.socket) -> None:
    for number in range(BURST):
        sender.send(number.to_bytes(SIZE))


def receive_burst(receiver: socket.socket) -> list[int]:
    return [int.from_bytes(receiver.recv(SIZE)) for _ in range(BURST)]


def test_without_jitter_the_order_is_kept() -> None:
    way = Direction(random.Random(1))
    way.change(Way(delay_s=0.1))
    packets = [bytes([number]) for number in range(200)]

    for packet in packets:
        way.take(packet, 1.0)

    assert way.arrived(2.0) == packets


def test_jitter_spreads_the_delay_evenly_to_both_sides() -> None:
    way = Direction(random.Random(1))
    way.change(Way(delay_s=0.1, jitter_s=0.05))

    waits = []
    for _ in range(1000):
        way.take(b"", 0.0)
        assert way.next_at is not None
        waits.append(way.next_at)
        way.arrived(1.0)

    assert 0.05 <= min(waits) < 0.055
    assert 0.145 < max(waits) <= 0.15
    assert sum(waits) / 1000 == pytest.approx(0.1, abs=0.003)


def test_the_same_seed_loses_the_same_packets() -> None:
    first, again = Direction(random.Random(5)), Direction(random.Random(5))
    packets = [number.to_bytes(2) for number in range(2000)]

    for way in (first, again):
        way.change(Way(loss=0.1))
        for packet in packets:
            way.take(packet, 0.0)

    assert 150 < first.count.lost < 250
    assert first.arrived(0.0) == again.arrived(0.0)


def test_a_cut_takes_what_is_on_its_way() -> None:
    way = Direction(random.Random(1))
    way.change(Way(delay_s=1.0))
    way.take(b"", 0.0)

    way.change(Way(delay_s=1.0, is_cut=True))

    assert way.next_at is None
    assert way.count.lost == 1


@pytest.mark.timed
def test_real_packets_take_the_configured_round_trip(joined: Joined) -> None:
    joined.line.change(Settings(Way(delay_s=0.15), Way(delay_s=0.1)))

    took_s = sorted(round_trip_s(joined) for _ in range(5))

    assert took_s[0] >= 0.25
    assert took_s[2] <= 0.27


def round_trip_s(joined: Joined) -> float:
    begin = clock.monotonic()
    joined.low.send(b"asked")
    joined.high.send(joined.high.recv(SIZE))
    joined.low.recv(SIZE)
    return clock.monotonic() - begin


def test_real_packets_are_lost_at_the_configured_rate(joined: Joined) -> None:
    lossy = Settings(up=Way(loss=0.05))
    before = joined.line.change(lossy).up.lost
    joined.high.settimeout(0.0)
    sent = heard = lost = 0

    def is_through() -> bool:
        nonlocal heard, lost
        with contextlib.suppress(BlockingIOError):
            while joined.high.recv(SIZE):
                heard += 1
        lost = joined.line.change(lossy).up.lost - before
        return heard + lost == sent

    while sent < 20 * BURST:
        send_burst(joined.low)
        sent += BURST
        until("each packet of the burst is there or lost", is_through)

    assert 60 <= lost <= 150


def test_real_packets_keep_their_order(joined: Joined) -> None:
    joined.line.change(Settings(up=Way(delay_s=0.05)))

    send_burst(joined.low)

    assert receive_burst(joined.high) == list(range(BURST))


@pytest.mark.parametrize("is_up", [True, False], ids=["upward", "downward"])
def test_a_cut_of_one_way_still_lets_packets_the_other(joined: Joined, *, is_up: bool) -> None:
    line, low, high = joined
    far, near = (high, low) if is_up else (low, high)  # no packet arrives at the far one
    line.cut(up=is_up, down=not is_up)
    near.send(b"lost")
    far.send(b"carried")

    assert near.recv(9) == b"carried"
    far.settimeout(0.2)
    with pytest.raises(TimeoutError):
        far.recv(9)


def test_tcp_waits_through_a_cut_and_sends_again(pair: Pair, joined: Joined) -> None:
    listener = inside(pair.high.namespace, lambda: socket.create_server((HIGH, 80)))
    with listener, pair.low.connect(HIGH, 80) as sender, listener.accept()[0] as receiver:
        receiver.settimeout(5.0)
        joined.line.cut()
        sender.sendall(b"beat")
        until("it is sent again", lambda: tcp_info(sender, RETRANSMITTED) >= 2)
        unacknowledged = tcp_info(sender, UNACKED)
        joined.line.heal()

        assert unacknowledged == 1
        assert receiver.recv(9) == b"beat"
        until("it is acknowledged", lambda: tcp_info(sender, UNACKED) == 0)


def test_a_line_carries_thousands_of_packets_for_little_cpu(joined: Joined) -> None:
    before = joined.line.heal()

    for _ in range(50):
        for sender, receiver in ((joined.low, joined.high), (joined.high, joined.low)):
            send_burst(sender)
            receive_burst(receiver)

    after = joined.line.heal()
    packets = after.up.carried + after.down.carried - before.up.carried - before.down.carried
    cpu_us = 1e6 * (after.cpu_s - before.cpu_s) / packets
    assert packets >= 10_000
    assert cpu_us <= 100
