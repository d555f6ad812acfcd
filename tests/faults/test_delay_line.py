"""The delay line delays, loses and cuts as its settings say; all else is the kernels' own."""

import contextlib
import random
import socket
import threading
from collections.abc import Iterator
from itertools import pairwise

import pytest

from tests.faults.stage import RETRANSMITTED, UNACKED, staged, tcp_info
from tests.integration.real import until
from venuewatch.base import clock
from venuewatch.rehearsal.stage.delay_line import Direction, Settings, Way
from venuewatch.rehearsal.stage.machine import Machine, inside
from venuewatch.rehearsal.stage.network import HIGH, LOW, Pair

pytestmark = pytest.mark.real

ECHO_PORT = 7
BURST = 100  # a socket surely holds as many small datagrams


class Joined:
    """Two machines with a line between them; the higher echoes each packet."""

    def __init__(self, pair: Pair) -> None:
        self.low, self.high, self.line = pair.low, pair.high, pair.uplink
        self._echo = self.socket(self.high, HIGH, ECHO_PORT)
        self.heard: list[int] = []
        threading.Thread(target=self._answer, name="echo", daemon=True).start()

    def socket(self, machine: Machine, address: str, port: int = 0) -> socket.socket:
        made = inside(machine.namespace, lambda: socket.socket(type=socket.SOCK_DGRAM))
        made.bind((address, port))
        made.settimeout(5.0)
        return made

    def close(self) -> None:
        self._echo.close()
        self.line.close()

    def _answer(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                with contextlib.suppress(TimeoutError):
                    packet, sender = self._echo.recvfrom(2048)
                    self.heard.append(int.from_bytes(packet[:4]))
                    self._echo.sendto(packet, sender)


@pytest.fixture(scope="module")
def pair() -> Iterator[Joined]:
    with staged() as run:
        joined = Joined(Pair(run.prefix).make())
        yield joined
        joined.close()


@pytest.fixture
def joined(pair: Joined) -> Joined:
    pair.line.heal()
    pair.heard.clear()
    return pair


def round_trip_s(joined: Joined) -> float:
    with joined.socket(joined.low, LOW) as asking:
        begin = clock.monotonic()
        asking.sendto(bytes(4), (HIGH, ECHO_PORT))
        asking.recv(2048)
        return clock.monotonic() - begin


def send(joined: Joined, count: int, size: int = 100) -> int:
    """Send numbered datagrams, a few at a time; return how many echoes come back."""
    back = 0
    with joined.socket(joined.low, LOW) as asking:
        asking.settimeout(0.3)
        with contextlib.suppress(TimeoutError):
            for number in range(count):
                asking.sendto(number.to_bytes(4).ljust(size), (HIGH, ECHO_PORT))
                if number >= BURST:  # so many are on their way
                    asking.recv(2048)
                    back += 1
            while back < count:
                asking.recv(2048)
                back += 1
    return back


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


def test_real_packets_are_lost_at_the_configured_rate(joined: Joined) -> None:
    lossy = Settings(up=Way(loss=0.05))
    before = joined.line.change(lossy).up

    def handled() -> int:
        now = joined.line.change(lossy).up
        return now.carried + now.lost - before.carried - before.lost

    with joined.socket(joined.low, LOW) as sending:  # open for the echoes
        for burst in range(1, 21):
            send_blindly(sending, 100)
            until("the burst is through", lambda burst=burst: handled() >= 100 * burst)  # type: ignore[misc]

    lost = joined.line.heal().up.lost - before.lost
    assert 60 <= lost <= 150
    until("the rest is there", lambda: len(joined.heard) == 2000 - lost)


def send_blindly(sending: socket.socket, count: int) -> None:
    for number in range(count):
        sending.sendto(number.to_bytes(4), (HIGH, ECHO_PORT))


def test_real_packets_keep_their_order(joined: Joined) -> None:
    joined.line.change(Settings(up=Way(delay_s=0.05)))

    with joined.socket(joined.low, LOW) as sending:
        send_blindly(sending, BURST)
        until("all are there", lambda: len(joined.heard) == BURST)

    assert all(later == earlier + 1 for earlier, later in pairwise(joined.heard))


@pytest.mark.parametrize("is_up", [True, False], ids=["upward", "downward"])
def test_a_cut_of_one_way_still_lets_packets_the_other(joined: Joined, *, is_up: bool) -> None:
    with joined.socket(joined.low, LOW, 9) as low, joined.socket(joined.high, HIGH, 9) as high:
        far, near = (high, low) if is_up else (low, high)  # no packet arrives at the far one
        joined.line.cut(up=is_up, down=not is_up)
        near.sendto(b"lost", far.getsockname())
        far.sendto(b"carried", near.getsockname())

        assert near.recv(9) == b"carried"
        far.settimeout(0.2)
        with pytest.raises(TimeoutError):
            far.recv(9)


def test_tcp_waits_through_a_cut_and_sends_again(joined: Joined) -> None:
    listener = inside(joined.high.namespace, lambda: socket.create_server((HIGH, 80)))
    with listener, joined.low.connect(HIGH, 80) as sender, listener.accept()[0] as receiver:
        receiver.settimeout(5.0)
        joined.line.cut()
        sender.sendall(b"beat")
        until("it is sent again", lambda: tcp_info(sender, RETRANSMITTED) >= 2)
        unacknowledged = tcp_info(sender, UNACKED)
        joined.line.heal()

        assert unacknowledged == 1
        assert receiver.recv(9) == b"beat"
        until("it is acknowledged", lambda: tcp_info(sender, UNACKED) == 0)


def test_a_line_carries_thousands_of_packets_a_second_for_little(joined: Joined) -> None:
    before = joined.line.heal()
    begin = clock.monotonic()

    back = send(joined, 5000)

    elapsed_s = clock.monotonic() - begin
    after = joined.line.heal()
    packets = after.up.carried + after.down.carried - before.up.carried - before.down.carried
    cpu_us = 1e6 * (after.cpu_s - before.cpu_s) / packets
    print(f"{packets / elapsed_s:.0f} packets/s, {cpu_us:.1f} CPU-us per packet")
    assert back == 5000
    assert packets >= 10_000
    assert packets / elapsed_s >= 5_000
    assert cpu_us <= 100
