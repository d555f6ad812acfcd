"""Plays a fleet in one process: real MQTT connections, each a host with a random phase.

Started as ``python -m bench.kit.fleet``. It first prints the number of its connections, then
answers every line on standard input with its counts, and ends with standard input. On the line
``leave 7`` host number 7 says farewell first, on ``return 7`` it is born again. On ``kill 7`` its
connection ends without a word, for good. After ``cut V00`` only the hosts of that venue beat, until
``heal``. A host costs as little as possible: a socket, and a packet made when it is due.
"""

import argparse
import json
import random
import select
import sys
from collections.abc import Iterator
from typing import Final

import mqtt5

from bench.kit.members import INTERVAL_S, Member, birth_of, farewell_of, gather
from bench.kit.processes import grant_files
from venuewatch.base import clock
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import Beat, Echo, decode_tick, encode

_BURST: Final = 256  # beats between two looks at what has arrived
_ECHO_FOR_S: Final = 2.0  # an agent echoes a tick once; with one a second none is older


def ticks_of(received: bytes) -> Iterator[int]:
    """Yield the numbers of the ticks that were received at once; they are whole packets.

    Raises:
        ConnectionResetError: nothing was received.
    """
    packets = memoryview(received)
    if not packets:
        raise ConnectionResetError("the broker closed the connection")
    while packets:  # ticks are far apart
        packet, size = mqtt5.read(packets)
        packets = packets[size:]
        if isinstance(packet, mqtt5.PublishPacket):
            yield decode_tick(packet.payload or b"").number


class Fleet:
    """Beats on time for all of its members, and counts. One of them hears the ticks for all."""

    def __init__(self, members: list[Member]) -> None:
        self._by_number = members
        self._sessions: dict[str, int] = {}
        self._away: set[str] = set()
        self._members = sorted(members, key=lambda member: member.phase_s)
        self._ticks = members[0].sock
        self._ticks.send(mqtt5.SubscribePacket(1, [mqtt5.TopicFilter(topics.TICKS)]).write())
        self._tick: tuple[int, float] = (0, -_ECHO_FOR_S)
        self._start = clock.monotonic()
        self._round = 0
        self._next = 0
        self._worst_lag_s = 0.0
        self._counts = {"sent": 0, "refused": 0, "broken": 0}

    def run(self) -> None:
        """Beat until standard input ends."""
        ready = select.epoll()
        ready.register(self._ticks, select.EPOLLIN)
        ready.register(sys.stdin, select.EPOLLIN)
        while True:
            due_in_s = self._beat_all_due()
            for number, _ in ready.poll(due_in_s):
                if number == self._ticks.fileno():
                    self._hear_tick()
                elif not (line := sys.stdin.buffer.readline()):
                    return
                else:
                    self._obey(line.decode().split())
                    self._tell()

    def _beat_all_due(self) -> float:
        """Send at most a burst of what is due; return how long (s) until the next is."""
        for _ in range(_BURST):
            member = self._members[self._next]
            due = self._start + self._round * INTERVAL_S + member.phase_s
            now = clock.monotonic()
            if now < due:
                return due - now
            self._worst_lag_s = max(self._worst_lag_s, now - due)
            if now - due > INTERVAL_S:  # what could not be made in time is not caught up
                self._start += now - due
            if member.host not in self._away:
                self._beat(member, now)
            self._next += 1
            if self._next == len(self._members):
                self._next = 0
                self._round += 1
        return 0.0

    def _obey(self, words: list[str]) -> None:
        """Let a host leave or return, which says so in between its beats, or venues fall silent."""
        if not words:
            return
        if words[0] in {"cut", "heal"}:
            kept = words[1:]
            silent = {member.host for member in self._members if member.venue not in kept}
            self._away = silent if kept else set()
            return
        member = self._by_number[int(words[1])]
        session = self._sessions.get(member.host, 1)
        if words[0] == "kill":
            self._away.add(member.host)
            member.sock.close()
        elif words[0] == "leave":
            self._away.add(member.host)
            member.sock.send(farewell_of(member, session))
        else:
            self._away.discard(member.host)
            self._sessions[member.host] = session + 1
            member.sock.send(birth_of(member.venue, member.host, member.boot, session + 1))
            self._beat(member, clock.monotonic())

    def _beat(self, member: Member, now: float) -> None:
        number, heard_at = self._tick
        held_s = now - heard_at
        beat = Beat(
            boot=member.boot,
            session=self._sessions.get(member.host, 1),
            seq=self._round,
            mono_ms=int(now * 1000),
            wall_ms=int(clock.wall() * 1000),
            tick=Echo(number, int(held_s * 1000)) if held_s < _ECHO_FOR_S else None,
        )
        packet = mqtt5.PublishPacket(member.topic, encode(beat)).write()
        try:
            taken = member.sock.send(packet)
        except BlockingIOError:
            self._counts["refused"] += 1
        except OSError:
            self._counts["broken"] += 1
        else:
            self._counts["sent" if taken == len(packet) else "broken"] += 1

    def _hear_tick(self) -> None:
        for number in ticks_of(self._ticks.recv(65_536)):
            self._tick = number, clock.monotonic()

    def _tell(self) -> None:
        print(json.dumps({**self._counts, "worst_lag_s": self._worst_lag_s}), flush=True)
        self._worst_lag_s = 0.0


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--hosts", type=int, required=True)
    parser.add_argument("--seed", type=int, default=39)
    options = parser.parse_args()
    grant_files(options.hosts + 64)
    members, why = gather(options.port, options.hosts, random.Random(options.seed))
    print(json.dumps({"connections": len(members), "why": why}), flush=True)
    if members:
        Fleet(members).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
