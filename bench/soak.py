"""Watches memory, descriptors and the journal for half an hour with a fault in each minute.

A real Mosquitto, the real aggregator, one real agent with three checks, and 256 clients that beat.
In each minute one fault is played, in turns: a client leaves, the agent stands still, all venues
but one are silent, the aggregator stands still, the broker does. All are well at the end of the
minute; then all is scraped and measured. Growth is the slope of the straight line that fits the
minutes after the first ten best. Programs take what they need before: each fault was played twice.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import linear_regression

from bench.kit.machine import program
from bench.kit.processes import BenchError, pause
from bench.kit.result import Goal, Result, Row, progress
from bench.kit.soaked import Fault, Sample, World, soaked
from venuewatch.base import clock
from venuewatch.base.options import number, whole

SUMMARY = "memory, descriptors and the journal over half an hour with a fault in each minute"
_AGENT, _AGGREGATOR = "agent", "aggregator"
GOALS = (
    Goal("growth_kib_per_min", 8.0, _AGENT),
    Goal("growth_kib_per_min", 20.0, _AGGREGATOR),
    Goal("descriptors_off_by", 2, _AGENT),
    Goal("descriptors_off_by", 2, _AGGREGATOR),
)
_FAULT_S = 10.0
_OF_A_MINUTE = 0.25
_LEAST = 2  # samples make a line


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the bench's options."""
    parser.add_argument(
        "--minutes", type=whole(2, 100_000), default=30, help="in all (%(default)s)"
    )
    parser.add_argument(
        "--settled",
        type=whole(0, 100_000),
        default=10,
        metavar="MINUTES",
        help="that are not judged (%(default)s)",
    )
    parser.add_argument(
        "--clients", type=whole(8, 10_000), default=256, help="that beat (%(default)s)"
    )
    parser.add_argument(
        "--minute",
        type=number(up_to=60.0),
        default=60.0,
        metavar="SECONDS",
        help="how long a minute is, to try this bench (%(default)g)",
    )


def run(options: argparse.Namespace) -> Result:
    """Soak.

    Raises:
        BenchError: a program does not start, or hosts do not come back after a fault.
    """
    if program("mosquitto") is None:
        raise BenchError("mosquitto is not installed")
    if options.minutes - options.settled < _LEAST:
        raise BenchError(f"expected at least {_LEAST} minutes that are judged")
    with (
        tempfile.TemporaryDirectory(prefix="venuewatch-bench-") as folder,
        soaked(Path(folder), options.clients) as world,
    ):
        samples = _samples(world, options.minutes, options.minute)
        up = len(world.centre.up())
    judged = samples[options.settled :]
    per_min = options.minute / 60
    rows = [
        growth_row(_AGENT, [(each.agent_kib, each.agent_files) for each in judged], per_min),
        growth_row(
            _AGGREGATOR, [(each.aggregator_kib, each.aggregator_files) for each in judged], per_min
        ),
        journal_row(judged),
    ]
    conditions = {
        "minutes": options.minutes,
        "settled_after_min": options.settled,
        "minute_s": options.minute,
        "clients": options.clients,
        "faults": options.minutes,
        "hosts_up_at_the_end": up,
    }
    return Result(rows, conditions, GOALS)


def _samples(world: World, minutes: int, minute_s: float) -> list[Sample]:
    """Play a fault in each minute; return how things stood when each was over, one the first."""
    samples = [world.sample()]
    faults = list(world.faults.items())
    for minute in range(minutes):
        name, fault = faults[minute % len(faults)]
        until = clock.monotonic() + minute_s
        _play(fault, min(_FAULT_S, minute_s * _OF_A_MINUTE))
        pause(max(0.0, until - clock.monotonic()))
        world.await_all_up()
        now = world.sample()
        samples.append(now)
        progress(
            f"minute {minute + 1}, {name}: "
            f"agent {now.agent_kib:,.0f} KiB, {now.agent_files} files; "
            f"aggregator {now.aggregator_kib:,.0f} KiB, {now.aggregator_files} files; "
            f"journal {now.journal_bytes / 1000:,.0f} kB, {now.events} events"
        )
    return samples


def _play(fault: Fault, lasts_s: float) -> None:
    begin, end = fault
    begin()
    try:
        pause(lasts_s)
    finally:
        end()


def growth_row(side: str, judged: Sequence[tuple[float, int]], minutes_each: float) -> Row:
    """Return a program's growth and descriptors, of what it had at the end of each minute."""
    memory, files = [kib for kib, _ in judged], [count for _, count in judged]
    times = [at * minutes_each for at in range(len(judged))]
    return {
        "side": side,
        "growth_kib_per_min": round(linear_regression(times, memory).slope, 2),
        "rss_kib_first": round(memory[0]),
        "rss_kib_last": round(memory[-1]),
        "descriptors_first": files[0],
        "descriptors_off_by": max(abs(count - files[0]) for count in files),
    }


def journal_row(judged: Sequence[Sample]) -> Row:
    """Return the journal's growth on disk, with its WAL, for each event that was in the log."""
    first, last = judged[0], judged[-1]
    events, grown = last.events - first.events, last.journal_bytes - first.journal_bytes
    return {
        "side": "journal",
        "bytes_first": first.journal_bytes,
        "bytes_last": last.journal_bytes,
        "events": events,
        "bytes_per_event": round(grown / events, 1) if events else None,
    }
