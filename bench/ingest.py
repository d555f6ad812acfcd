"""Measures the cost of one received beat: our aggregator, and its core on other MQTT clients.

A fleet of real connections beats once a second through a real Mosquitto. The sides receive it one
after the other, round by round, while it goes on beating. Each is measured from outside.
"""

import argparse
import contextlib
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench.kit import members
from bench.kit.centres import Receiver, aggregator, peer
from bench.kit.machine import package_version
from bench.kit.members import INTERVAL_S
from bench.kit.mosquitto import Broker, mosquitto
from bench.kit.processes import Asked, BenchError, asking, busy_s, cpu_s, pause, python
from bench.kit.result import Goal, Result, Row, progress, skipped
from venuewatch.base import clock
from venuewatch.base import options as kinds

SUMMARY = "CPU of the aggregator per beat, beside paho-mqtt and gmqtt"
GOALS = (Goal("cpu_us_per_beat_median", 15.0),)

PEERS = {"paho-mqtt": "paho", "gmqtt": "gmqtt"}
_WARM_UPS = 10  # seconds at most: a side that never catches up is measured all the same
_CAUGHT_UP = 0.02

Started = Callable[[], AbstractContextManager[Receiver]]


class Lap(NamedTuple):
    """One side, measured once; CPU in microseconds per beat that was heard.

    ``others_cores`` is how many cores were kept busy by what has no part in this.
    """

    heard_per_s: float
    sent_per_s: float
    lost_share: float
    cpu_us: float
    mosquitto_us: float
    generator_us: float
    others_cores: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the bench's options."""
    parser.add_argument(
        "--seconds", type=kinds.number(up_to=1e6), default=8.0, help="of each lap (%(default)g)"
    )
    parser.add_argument(
        "--rounds",
        type=kinds.whole(1, 10_000_000),
        default=3,
        help="laps of each side (%(default)s)",
    )
    parser.add_argument(
        "--connections",
        type=kinds.whole(1, 10_000_000),
        default=15_000,
        help="hosts, each beats once a second (%(default)s)",
    )


def run(options: argparse.Namespace) -> Result:
    """Measure.

    Raises:
        BenchError: the broker or the fleet does not start.
    """
    wanted: int = options.connections
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        broker = stack.enter_context(mosquitto(directory, clients=wanted))
        command = python("bench.kit.fleet", "--port", str(broker.port), "--hosts", str(wanted))
        fleet = stack.enter_context(asking(command, log=directory / "fleet.log"))
        reached = fleet.read_answer()
        hosts = int(reached["connections"])
        progress(f"{hosts} of {wanted} hosts connected {reached['why']}")
        if not hosts:
            raise BenchError(f"no host could connect: {reached['why']}")
        rows = _measure(directory, broker, fleet, hosts, options)
    conditions = {
        "connections": hosts,
        "connections_wanted": wanted,
        "venues": min(hosts, members.VENUES),
        "beat_interval_s": INTERVAL_S,
        "rounds": options.rounds,
        "seconds_per_round": options.seconds,
    }
    return Result(rows, conditions, GOALS)


def _measure(
    directory: Path, broker: Broker, fleet: Asked, hosts: int, options: argparse.Namespace
) -> list[Row]:
    expected = directory / "inventory.toml"
    members.write_inventory(expected, hosts)
    laps: dict[str, list[Lap]] = {}
    failed: dict[str, str] = {}
    for number in range(options.rounds):
        for side, start in _sides(directory, expected, broker.port).items():
            try:
                with start() as receiver:
                    lap = _lap(receiver, broker, fleet, options.seconds)
            except BenchError as error:
                failed[side] = str(error)
                progress(f"round {number + 1}: {side}: {error}")
                continue
            laps.setdefault(side, []).append(lap)
            said = f"{lap.cpu_us:.1f} us a beat at {lap.heard_per_s:.0f} beats/s"
            progress(f"round {number + 1}: {side}: {said}")
    missing = {side: f"{side} is not installed" for side in PEERS if not package_version(side)}
    rows = [_row(side, found) for side, found in laps.items()]
    return rows + [
        skipped(side, why) for side, why in {**failed, **missing}.items() if side not in laps
    ]


def _sides(directory: Path, expected: Path, port: int) -> Mapping[str, Started]:
    """Return everyone who can be measured here, ours first."""
    sides: dict[str, Started] = {"ours": partial(aggregator, directory, expected, port)}
    for side, name in PEERS.items():
        if package_version(side) is not None:
            sides[side] = partial(peer, name, directory, expected, port)
    return sides


def _lap(receiver: Receiver, broker: Broker, fleet: Asked, seconds: float) -> Lap:
    """Measure one side. Counts are asked for outside of the CPU's window."""
    _warm_up(receiver, fleet)
    pids = (receiver.pid, broker.pid, fleet.pid)
    sent, heard = fleet.ask()["sent"], receiver.beats()
    began, busy, before = clock.monotonic(), busy_s(), [cpu_s(pid) for pid in pids]
    pause(seconds)
    spent = [cpu_s(pid) - earlier for pid, earlier in zip(pids, before, strict=True)]
    others_s = busy_s() - busy - sum(spent)
    ended_s = clock.monotonic() - began
    heard, sent = receiver.beats() - heard, fleet.ask()["sent"] - sent
    if not heard:
        raise BenchError("it received no beat")
    missed, total = receiver.missed(), receiver.beats()
    cpu_us, mosquitto_us, generator_us = (used / heard * 1e6 for used in spent)
    return Lap(
        heard_per_s=heard / ended_s,
        sent_per_s=sent / ended_s,
        lost_share=missed / (missed + total),
        cpu_us=cpu_us,
        mosquitto_us=mosquitto_us,
        generator_us=generator_us,
        others_cores=max(0.0, others_s / ended_s),
    )


def _warm_up(receiver: Receiver, fleet: Asked) -> None:
    """Wait until a second brings as much as is sent, and nothing that had piled up before."""
    for _ in range(_WARM_UPS):
        sent, heard = fleet.ask()["sent"], receiver.beats()
        pause(1.0)
        sent, heard = fleet.ask()["sent"] - sent, receiver.beats() - heard
        if abs(heard - sent) < _CAUGHT_UP * sent:
            return


def _row(side: str, laps: Sequence[Lap]) -> Row:
    """Return what the rounds of one side say together."""
    costs = [lap.cpu_us for lap in laps]
    return {
        "side": side,
        "rounds": len(laps),
        "cpu_us_per_beat_min": round(min(costs), 2),
        "cpu_us_per_beat_median": round(median(costs), 2),
        "cpu_us_per_beat_max": round(max(costs), 2),
        "heard_per_s": round(median(lap.heard_per_s for lap in laps)),
        "sent_per_s": round(median(lap.sent_per_s for lap in laps)),
        "lost_share": round(max(lap.lost_share for lap in laps), 6),
        "mosquitto_cpu_us_per_beat": round(median(lap.mosquitto_us for lap in laps), 2),
        "generator_cpu_us_per_beat": round(median(lap.generator_us for lap in laps), 2),
        "other_programs_cores": round(max(lap.others_cores for lap in laps), 2),
    }
