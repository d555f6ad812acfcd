"""Plays a big fleet over few connections: each carries the beats and vitals of many hosts.

Started as ``python -m bench.kit.carried``. It first prints how many hosts and connections there
are, then answers every line on standard input with its counts, and ends with standard input. After
``silent`` no host says anything, after ``speak`` all do again. No connection has a will: the broker
sees few clients, the aggregator sees every host. Beats of a connection that are due together go out
in one write.
"""

import argparse
import json
import random
import select
import socket
import sys
from typing import Final

import mqtt5
import msgspec

from bench.kit.filling import cpu_modes, numbers
from bench.kit.fleet import ticks_of
from bench.kit.members import place
from bench.kit.processes import LOOPBACK, grant_files
from venuewatch.base import clock
from venuewatch.base.wire import topics
from venuewatch.base.wire.catalogue import Catalogue
from venuewatch.base.wire.messages import Beat, Birth, Echo, Vitals, encode
from venuewatch.base.wire.packing import packed
from venuewatch.base.wire.topics import Stream

CONNECTIONS: Final = 400

_ANSWER_S: Final = 20.0
_ECHO_FOR_S: Final = 2.0  # an agent echoes a tick once; with one a second none is older
_PING_EVERY_S: Final = 30.0
_BURST: Final = 512  # hosts between two looks at what has arrived
_VARIANTS: Final = 32  # of values: to make new ones each time would cost more than to send them
_BIRTHS_APART_S: Final = 0.02
_BIRTHS: Final = 100


class Host:
    """One host: where it is, what it says, and on which connection."""

    __slots__ = (
        "boot",
        "places",
        "readings",
        "seq",
        "sock",
        "topic_beat",
        "topic_vitals",
        "variant",
    )

    def __init__(self, index: int, sock: socket.socket, boot: str) -> None:
        self.places = place(index)
        self.sock, self.boot = sock, boot
        self.seq = self.readings = 0  # each counts for itself: a gap is a loss
        self.topic_beat = topics.topic(*self.places, Stream.BEAT)
        self.topic_vitals = topics.topic(*self.places, Stream.VITALS)
        self.variant = index % _VARIANTS


class Carried:
    """Beats and sends vitals on time for all hosts, and counts."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._every_s: float = options.interval
        self._vitals_every = max(1, round(options.vitals_every / options.interval))
        rng = random.Random(options.hosts)
        connections = min(options.connections, options.hosts)
        self.socks = [_connected(options.port, f"carrier-{at}") for at in range(connections)]
        share = -(-options.hosts // connections)
        self._hosts = [
            Host(index, self.socks[index // share], f"{rng.getrandbits(40):010x}")
            for index in range(options.hosts)
        ]
        rng.shuffle(self._hosts)
        self._hosts.sort(key=lambda host: self.socks.index(host.sock))
        self._step_s = self._every_s / len(self._hosts)
        self._catalogue = Catalogue([("node_cpu_seconds_total", cpu_modes(options.values))])
        self._values = [numbers(rng, options.values) for _ in range(_VARIANTS)]
        self._ticks = _connected(options.port, "carrier-ticks")
        self._ticks.send(mqtt5.SubscribePacket(1, [mqtt5.TopicFilter(topics.TICKS)]).write())
        self._tick = (0, -_ECHO_FOR_S)
        self._ping_at = 0.0
        self._is_silent = False
        self._start, self._round, self._next = 0.0, 0, 0
        self._worst_lag_s = 0.0
        self._counts = {"sent": 0, "vitals": 0, "refused": 0}

    def announce(self) -> None:
        """Say the births and catalogues of all hosts, a few at a time."""
        for first in range(0, len(self._hosts), _BIRTHS):
            for host in self._hosts[first : first + _BIRTHS]:
                host.sock.settimeout(_ANSWER_S)
                host.sock.sendall(self._introduction(host))
                host.sock.settimeout(0.0)
            select.select([], [], [], _BIRTHS_APART_S)

    def run(self) -> None:
        """Beat until standard input ends."""
        ready = select.epoll()
        ready.register(sys.stdin, select.EPOLLIN)
        for sock in (self._ticks, *self.socks):
            ready.register(sock, select.EPOLLIN)
        stdin = sys.stdin.fileno()
        self._start = clock.monotonic()
        while True:
            for number, _ in ready.poll(self._send_all_due()):
                if number == self._ticks.fileno():
                    self._hear_tick()
                elif number != stdin:
                    socket.socket(fileno=number).detach()  # nothing is subscribed there
                elif not (line := sys.stdin.buffer.readline()):
                    return
                else:
                    self._obey(line.decode().strip())

    def _send_all_due(self) -> float:
        """Send at most a burst of what is due; return how long (s) until the next is."""
        now = clock.monotonic()
        due = self._due()
        self._worst_lag_s = max(self._worst_lag_s, now - due)
        if now - due > self._every_s:  # what could not be made in time is not caught up
            self._start += now - due
        waiting, sock = bytearray(), self._hosts[self._next].sock
        for _ in range(_BURST):
            if self._due() > now:
                break
            host = self._hosts[self._next]
            if host.sock is not sock:
                self._write(sock, waiting)
                waiting, sock = bytearray(), host.sock
            if not self._is_silent:
                waiting += self._said_by(host, now)
            self._next += 1
            if self._next == len(self._hosts):
                self._next = 0
                self._round += 1
        self._write(sock, waiting)
        return max(0.0, self._due() - clock.monotonic())

    def _due(self) -> float:
        passed_s: float = self._round * self._every_s + self._next * self._step_s
        return self._start + passed_s

    def _said_by(self, host: Host, now: float) -> bytes:
        number, heard_at = self._tick
        held_s = now - heard_at
        echo = Echo(number, int(held_s * 1000)) if held_s < _ECHO_FOR_S else None
        host.seq += 1
        wall_ms = int(clock.wall() * 1000)
        beat = Beat(host.boot, 1, host.seq, int(now * 1000), wall_ms, echo)
        said = mqtt5.PublishPacket(host.topic_beat, encode(beat)).write()
        self._counts["sent"] += 1
        if (host.seq + host.variant) % self._vitals_every == 0:
            values: list[float | None] = [*self._values[(host.variant + host.seq) % _VARIANTS]]
            key = self._catalogue.key
            host.readings += 1
            vitals = Vitals(host.boot, 1, host.readings, wall_ms, catalogue=key, values=values)
            said += mqtt5.PublishPacket(host.topic_vitals, packed(encode(vitals))).write()
            self._counts["vitals"] += 1
        return said

    def _introduction(self, host: Host) -> bytes:
        birth = Birth(
            boot=host.boot,
            session=1,
            wall_ms=int(clock.wall() * 1000),
            interval_s=self._every_s,
            vitals_every_s=self._vitals_every * self._every_s,
            agent_version="bench",
            own_ticks=True,
        )
        said: dict[Stream, msgspec.Struct] = {
            Stream.BIRTH: birth,
            Stream.CATALOGUE: self._catalogue,
        }
        return b"".join(
            mqtt5.PublishPacket(topics.topic(*host.places, stream), encode(content)).write()
            for stream, content in said.items()
        )

    def _write(self, sock: socket.socket, packets: bytearray) -> None:
        """Write whole packets, or count them where the broker takes no more."""
        if not packets:
            return
        try:
            taken = sock.send(packets)
        except BlockingIOError:
            self._counts["refused"] += 1
            return
        if taken < len(packets):  # half a packet would break the connection
            sock.settimeout(_ANSWER_S)
            sock.sendall(packets[taken:])
            sock.settimeout(0.0)

    def _hear_tick(self) -> None:
        for number in ticks_of(self._ticks.recv(65_536)):
            self._tick = number, clock.monotonic()
        if clock.monotonic() >= self._ping_at:  # it says nothing else, and the broker grants 60 s
            self._ticks.send(mqtt5.PingReqPacket().write())
            self._ping_at = clock.monotonic() + _PING_EVERY_S

    def _obey(self, line: str) -> None:
        if line in {"silent", "speak"}:
            self._is_silent = line == "silent"
        print(json.dumps({**self._counts, "worst_lag_s": self._worst_lag_s}), flush=True)
        self._worst_lag_s = 0.0


def _connected(port: int, name: str) -> socket.socket:
    """Return a connection that the broker has accepted.

    Raises:
        OSError: it did not.
    """
    sock = socket.create_connection((LOOPBACK, port), timeout=_ANSWER_S)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.sendall(mqtt5.ConnectPacket(name, clean_start=True, keep_alive=0).write())
    if not sock.recv(4096):
        raise ConnectionResetError("the broker closed a connection")
    sock.settimeout(0.0)
    return sock


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--hosts", type=int, required=True)
    parser.add_argument("--interval", type=float, default=1.0)
    parser.add_argument("--vitals-every", type=float, default=10.0)
    parser.add_argument("--values", type=int, default=104)
    parser.add_argument("--connections", type=int, default=CONNECTIONS)
    options = parser.parse_args()
    grant_files(options.connections + 64)
    carried = Carried(options)
    carried.announce()
    print(json.dumps({"hosts": options.hosts, "connections": len(carried.socks)}), flush=True)
    carried.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
