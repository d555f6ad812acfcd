"""Plays a host that sends as fast as it can: each attack is one kind of message, over raw MQTT.

Started as ``python -m bench.kit.attacks --port 1883 --venue V00 --host host-00000 --attack junk``.
It floods with at most ``--per-second`` messages, answers every line on standard input with its
counts, and ends with standard input. Whenever its connection ends it comes again. ``--client`` is
its own client id: it stands beside the host's agent. ``connections`` opens many connections under
that id instead, as the shipped broker makes of all that one host opens, and ``strangers`` as many
under others; they say nothing.
"""

import argparse
import contextlib
import itertools
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import NamedTuple, NoReturn

import mqtt5

from bench.kit.processes import LOOPBACK
from venuewatch.base import clock
from venuewatch.base.wire import topics
from venuewatch.base.wire.checks import CheckState
from venuewatch.base.wire.messages import Backlog, Beat, CheckReading, Checks, Vitals, encode
from venuewatch.base.wire.readings import Readings
from venuewatch.base.wire.topics import Stream

_ANSWER_S = 20.0
_SLICE_S = 0.005
_TRIES = 10
_AGAIN_S = 0.1
_TOGETHER_BYTES = 65_536
_KEEPALIVE_S = 60
_CONNECTIONS = 100


class Victim(NamedTuple):
    """The host under whose name is sent."""

    venue: str
    host: str

    def says(self, stream: Stream, payload: bytes, *, is_retained: bool = False) -> bytes:
        """Return the packet that publishes ``payload`` at QoS 0."""
        topic = topics.topic(self.venue, self.host, stream)
        return mqtt5.PublishPacket(topic, payload, retain=is_retained).write()


def _beat(boot: str, seq: int) -> bytes:
    return encode(Beat(boot, 1, seq, 0, int(clock.wall() * 1000)))


def _junk(victim: Victim) -> Iterator[bytes]:
    return itertools.repeat(victim.says(Stream.BEAT, b"?" * 120))


def _beats(victim: Victim) -> Iterator[bytes]:
    return (victim.says(Stream.BEAT, _beat("flood", seq)) for seq in itertools.count(1))


def _boots(victim: Victim) -> Iterator[bytes]:
    return (victim.says(Stream.BEAT, _beat(f"x{number}", 1)) for number in itertools.count())


def _large(victim: Victim) -> Iterator[bytes]:
    return itertools.repeat(victim.says(Stream.VITALS, b"?" * 4_000_000))


def _vitals(victim: Victim) -> Iterator[bytes]:
    cores = [(str(number), "user", 0.1 * number) for number in range(6_000)]
    readings = Readings(node_cpu_seconds_total=cores)
    return (
        victim.says(Stream.VITALS, encode(Vitals("flood", 1, seq, 0, readings)))
        for seq in itertools.count()
    )


def _checks(victim: Victim) -> Iterator[bytes]:
    """Yield 500 checks, each of which goes to and fro."""
    for seq in itertools.count():
        check = f"check-{seq % 500}"
        state: CheckState = "critical" if seq // 500 % 4 < 2 else "ok"  # noqa: PLR2004 - twice in a row
        wall_ms = int(clock.wall() * 1000)
        reading = CheckReading(
            check=check, kind="tcp", state=state, every_s=1.0, wall_ms=wall_ms, duration_s=0.1
        )
        yield victim.says(Stream.CHECKS, encode(Checks("flood", 1, seq, wall_ms, [reading])))


def _backlog(victim: Victim) -> Iterator[bytes]:
    for number in itertools.count(1):
        late = [Vitals("flood", 1, number * 50 + at, 0, Readings()) for at in range(50)]
        yield victim.says(Stream.BACKLOG, encode(Backlog("flood", 1, number, late)))


def _retained(victim: Victim) -> Iterator[bytes]:
    streams = (Stream.BEAT, Stream.VITALS, Stream.CHECKS, Stream.BACKLOG, Stream.PROBED)
    return (
        victim.says(stream, b"?" * 10_000, is_retained=True) for stream in itertools.cycle(streams)
    )


ATTACKS: Mapping[str, Callable[[Victim], Iterator[bytes]]] = {
    "junk": _junk,
    "beats": _beats,
    "boots": _boots,
    "large": _large,
    "vitals": _vitals,
    "checks": _checks,
    "backlog": _backlog,
    "retained": _retained,
}
CONNECTIONS, STRANGERS = "connections", "strangers"
"""The attacks that send nothing."""


def connected(address: str, port: int, client: str) -> socket.socket:
    """Return a connection to the broker, of a client that says nothing yet.

    Raises:
        OSError: the broker does not let us.
    """
    sock = socket.create_connection((address, port), _ANSWER_S)
    sock.sendall(mqtt5.ConnectPacket(client, clean_start=True, keep_alive=_KEEPALIVE_S).write())
    if not sock.recv(4096):
        raise ConnectionResetError("the broker closed the connection")
    return sock


def let_in(dial: Callable[[], socket.socket]) -> socket.socket:
    """Return the first connection that the broker does not end at once, as now and then it does.

    Raises:
        OSError: it lets us in at no time.
    """
    for _ in range(_TRIES):
        with contextlib.suppress(ConnectionResetError):
            return dial()
        time.sleep(_AGAIN_S)
    return dial()


class Flood:
    """Sends ``packets`` over ``sock`` and the connections that ``dial`` opens, and counts."""

    def __init__(
        self, sock: socket.socket, dial: Callable[[], socket.socket], packets: Iterator[bytes]
    ) -> None:
        self._sock = sock
        self._dial = dial
        self._packets = packets
        self._counts = {"sent": 0, "ended": 0}

    def run(self, per_second: float) -> NoReturn:
        """Send for ever. Where the way is bounded, one packet may take its time."""
        began = clock.monotonic()
        while True:
            allowed = (clock.monotonic() - began) * per_second - self._counts["sent"]
            wait_s = _SLICE_S if allowed < 1 else 0.0
            try:
                self._send(min(500, max(0, int(allowed))))
            except OSError:
                wait_s = self._come_again()
            time.sleep(wait_s)

    def answer(self) -> None:
        """Answer each line of standard input with the counts; with its end, end the process."""
        for _ in sys.stdin:
            print(json.dumps(self._counts), flush=True)
        os._exit(0)

    def _send(self, at_most: int) -> None:
        """Send so many. Raises OSError."""
        together, count = bytearray(), 0
        for packet in itertools.islice(self._packets, at_most):
            together += packet
            count += 1
            if len(together) >= _TOGETHER_BYTES:
                self._sock.sendall(together)
                self._counts["sent"] += count
                together, count = bytearray(), 0
        self._sock.sendall(together)
        self._counts["sent"] += count

    def _come_again(self) -> float:
        """Open another connection; return how long (s) to wait before the next try."""
        self._sock.close()
        self._counts["ended"] += 1
        try:
            self._sock = self._dial()
        except OSError:
            return _AGAIN_S
        return 0.0


def main() -> NoReturn:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", default=LOOPBACK)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--venue", required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--attack", choices=[*ATTACKS, CONNECTIONS, STRANGERS], required=True)
    parser.add_argument("--client", default="attacker")
    parser.add_argument("--per-second", type=float, default=50_000.0)
    options = parser.parse_args()
    dial = partial(connected, options.address, options.port)
    held: list[socket.socket] = []
    with contextlib.suppress(OSError):  # no more are let in
        for number in range(_CONNECTIONS if options.attack not in ATTACKS else 0):
            is_stranger = options.attack == STRANGERS
            held.append(dial(f"{options.client}-{number}" if is_stranger else options.client))
    packets: Iterator[bytes] = iter(())
    if options.attack in ATTACKS:
        packets = ATTACKS[options.attack](Victim(options.venue, options.host))
    again = partial(dial, options.client)
    print(json.dumps({"connections": len(held)}), flush=True)
    flood = Flood(held.pop() if held else let_in(again), again, packets)
    threading.Thread(target=flood.answer, name="answers", daemon=True).start()
    flood.run(options.per_second)


if __name__ == "__main__":
    main()
