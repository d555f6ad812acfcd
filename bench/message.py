"""Measures what a message of vitals costs: its bytes, and the CPU and memory at both ends.

No network: what an agent would send is handed to the aggregator's core. ``named`` is the message
of older agents, each number with its name; ``ours`` is numbers against a catalogue. The
numbers are those of this machine.
"""

import argparse
import gc
import tracemalloc
from collections.abc import Callable, Sequence
from itertools import pairwise
from time import process_time
from typing import NamedTuple, TypeAlias

from agent import vitals
from agent.series import Series
from aggregator.core.centre import Centre
from aggregator.core.fleet import Fleet, Venue
from aggregator.core.host import Host
from aggregator.core.margins import THIN_MARGINS_S
from aggregator.core.outputs import Publish
from bench.kit.result import Goal, Result, Row
from venuewatch.base import clock
from venuewatch.base.options import whole
from venuewatch.base.wire import topics
from venuewatch.base.wire.catalogue import encode as encode_catalogue
from venuewatch.base.wire.catalogue import flattened, readings_of
from venuewatch.base.wire.messages import Beat, Tick, Vitals, encode
from venuewatch.base.wire.packing import packed
from venuewatch.base.wire.readings import Readings
from venuewatch.base.wire.topics import Stream

SUMMARY = "Bytes, CPU and memory of a message of vitals, with names and without"
GOALS = (
    Goal("packed_bytes_of_all", 1_250.0),
    Goal("centre_us", 40.0),
    Goal("centre_kb_a_host", 6.0),
    Goal("agent_more_cpu_s_a_minute", 0.010),
)

_WALL = 1_800_000_000.0
_A_MINUTE = 6
"""How many messages an agent sends a minute, by default."""


class _Message(NamedTuple):
    """A message as the broker hands it over."""

    topic: str
    payload: bytes
    retain: bool = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the bench's options."""
    parser.add_argument(
        "--hosts", type=whole(1, 10_000_000), default=2_000, help="of the fleet (%(default)s)"
    )
    parser.add_argument(
        "--values", type=whole(1, 10_000_000), default=104, help="of a message (%(default)s)"
    )
    parser.add_argument(
        "--rounds", type=whole(1, 10_000_000), default=15, help="messages a host (%(default)s)"
    )


def run(options: argparse.Namespace) -> Result:
    """Measure both sides, round by round."""
    whole = vitals.gather(vitals.found(), clock.monotonic)
    some = _first(whole, options.values)
    gc.disable()  # as in the aggregator
    try:
        centre_kb = _centre_kb(some, options.hosts)
        centre_us = _centre_us(some, options.hosts, options.rounds)
        agent_us = [_least_us(_agent(make, whole), 200) for make in (_Named(), _Ours())]
    finally:
        gc.enable()
    rows: list[Row] = []
    for side, make, at in (("named", _Named(), 0), ("ours", _Ours(), 1)):
        payload, all_of = make.message(some, 0), make.message(whole, 0)
        rows.append(
            {
                "side": side,
                "bytes": len(payload),
                "packed_bytes": len(packed(payload)),
                "bytes_of_all": len(all_of),
                "packed_bytes_of_all": len(packed(all_of)),
                "centre_us": round(centre_us[at], 1),
                "centre_kb_a_host": round(centre_kb, 2) if side == "ours" else None,
                "agent_us_of_all": round(agent_us[at], 1),
                "agent_more_cpu_s_a_minute": round(
                    (agent_us[at] - agent_us[0]) * _A_MINUTE / 1e6, 5
                ),
            }
        )
    conditions = {"hosts": options.hosts, "values": options.values, "rounds": options.rounds}
    return Result(rows, {**conditions, "values_of_all": len(flattened(whole)[1])}, GOALS)


class _Named:
    """Makes the messages of older agents."""

    def message(self, readings: Readings, seq: int) -> bytes:
        return encode(Vitals("k3vq7a2e", 1, seq, _wall_ms(seq), readings))


class _Ours:
    """Makes the messages of our agents."""

    def __init__(self) -> None:
        self._series = Series()

    def message(self, readings: Readings, seq: int) -> bytes:
        values = self._series.numbers(readings, 60.0 * seq)
        key = self._series.key
        return encode(Vitals("k3vq7a2e", 1, seq, _wall_ms(seq), catalogue=key, values=values))


_Make: TypeAlias = _Named | _Ours


class _World:
    """A core that hears a venue of hosts, on a virtual clock."""

    def __init__(self, hosts: int) -> None:
        margin_s = THIN_MARGINS_S["wired"]
        self._names = [f"bench-{number}" for number in range(hosts)]
        venue = Venue("STA", margin_s=margin_s)
        venue.hosts.update({name: Host("STA", name, margin_s=margin_s) for name in self._names})
        self._centre = Centre(Fleet([venue]), name="bench")
        self._centre.opened(0.0)
        self._second = 0

    def second(self) -> None:
        """Let a second pass, in which each host beats."""
        self._second += 1
        self._centre.woke(self._second)
        ticks = [
            _Message(output.topic, encode(output.message))
            for output in self._centre.take()
            if isinstance(output, Publish) and isinstance(output.message, Tick)
        ]
        self._receive(ticks)
        beat = Beat("k3vq7a2e", 1, self._second, self._second * 1000, _wall_ms(self._second))
        self.say(Stream.BEAT, encode(beat))

    def say(self, stream: Stream, payload: bytes) -> float:
        """Let each host say this; return how long (s of CPU) it took the core."""
        said = packed(payload)
        messages = [_Message(topics.topic("STA", name, stream), said) for name in self._names]
        began = process_time()
        self._receive(messages)
        return process_time() - began

    def _receive(self, messages: Sequence[_Message]) -> None:
        """Have the core read them up: of many at once it leaves the rest for its next wake."""
        self._centre.receive(self._second, messages, _WALL + self._second)
        self._centre.finish(self._second)
        self._centre.take()


def _centre_us(readings: Readings, hosts: int, rounds: int) -> list[float]:
    """Return what a message costs the core, from packet to state, at least: named, and ours."""
    world = _World(hosts)
    makes: Sequence[_Make] = (_Named(), _Ours())
    least = [float("inf")] * len(makes)
    world.second()
    world.say(Stream.CATALOGUE, encode_catalogue(flattened(readings)[0]))
    for number in range(rounds):
        world.second()
        for at, make in enumerate(makes):
            payload = make.message(readings, 2 * number + at)
            least[at] = min(least[at], world.say(Stream.VITALS, payload) / hosts * 1e6)
    return least


def _centre_kb(readings: Readings, hosts: int) -> float:
    """Return how much memory the core has for each host, all in all."""
    ours = _Ours()
    tracemalloc.start()
    world = _World(hosts)
    world.second()
    world.say(Stream.CATALOGUE, encode_catalogue(flattened(readings)[0]))
    for seq in range(2):
        world.second()
        world.say(Stream.VITALS, ours.message(readings, seq))
    gc.collect()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / hosts / 1000


def _agent(make: _Make, readings: Readings) -> Callable[[], object]:
    return lambda: packed(make.message(readings, 1))


def _least_us(call: Callable[[], object], times: int) -> float:
    times_of_cpu = []
    for _ in range(times):
        times_of_cpu.append(process_time())
        call()
    return min(after - before for before, after in pairwise(times_of_cpu)) * 1e6


def _first(readings: Readings, values: int) -> Readings:
    """Return the first families that have so many values together, at most."""
    catalogue, numbers = flattened(readings)
    families: list[tuple[str, list[list[str]]]] = []
    kept: list[float | None] = []
    at = 0
    for name, rows in catalogue.families:
        if len(kept) + len(rows) <= values:
            families.append((name, rows))
            kept += numbers[at : at + len(rows)]
        at += len(rows)
    return readings_of(families, kept)


def _wall_ms(second: int) -> int:
    return int((_WALL + second) * 1000)
