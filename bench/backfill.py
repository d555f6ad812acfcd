"""Proves that outages leave no hole in Prometheus, and measures what it costs to fill them.

Each side is a whole chain: real Mosquitto, agents, aggregator, and Debian's Prometheus with the
shipped file and its intervals. The aggregator is killed or frozen for 90 s. At the last side the
agents of many hosts bring an hour besides: their spools were written before.
"""

import argparse
import tempfile
from bisect import bisect
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import psutil

from bench.kit.machine import program
from bench.kit.processes import BenchError, pause
from bench.kit.result import Goal, Result, Row, progress
from tests.integration.history import CUT, NUMBER, History, Outage
from venuewatch.base import clock
from venuewatch.base.options import number
from venuewatch.base.wire.catalogue import Families

SUMMARY = "history after an outage: no hole, no step back, and the cost of filling it"

STEP_S = 10.0
HOSTS = 20
KEPT_S = 3_600
FAMILIES: Families = [
    ("node_load1", [[]]),
    ("node_cpu_seconds_total", [[str(cpu), f"m{mode}"] for cpu in range(16) for mode in range(8)]),
    ("node_network_receive_bytes_total", [[f"eth{at}"] for at in range(51)]),
]
"""180 series: a real host has some 155 to 180."""

_SERVERS = ("mosquitto", "prometheus")
_MIB = 1_048_576


class Side(NamedTuple):
    """One chain: what happens to its aggregator, and how many hosts bring an hour."""

    outage: Outage
    kind: str = "times"
    hosts: int = 0


SIDES = {
    "killed": Side("killed"),
    "frozen": Side("frozen"),
    "staleness markers": Side("killed", "markers"),
    "an hour of 20 hosts": Side("killed", hosts=HOSTS),
}
GOALS = (
    *(Goal("readings_missing", 0, side) for side in SIDES),
    *(Goal("steps_missing", 0, side) for side in SIDES if SIDES[side].kind == "times"),
    *(Goal("steps_back", 0, side) for side in SIDES if SIDES[side].kind == "times"),
    Goal("steps_missing_elsewhere", 0, "staleness markers"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the bench's options."""
    parser.add_argument(
        "--seconds",
        type=number(up_to=1e6),
        default=90.0,
        help="how long the outage lasts (%(default)g)",
    )


def run(options: argparse.Namespace) -> Result:
    """Play the outages, those of one host side by side.

    Raises:
        BenchError: a server is not installed, or something did not happen.
    """
    for name in _SERVERS:
        if program(name) is None:
            raise BenchError(f"{name} is not installed")
    few = [name for name in SIDES if not SIDES[name].hosts]
    many = [name for name in SIDES if SIDES[name].hosts]
    with tempfile.TemporaryDirectory(prefix="venuewatch-bench-") as folder:
        try:
            rows = [*_rows(Path(folder), few, options.seconds), *_rows(Path(folder), many, 10.0)]
        except AssertionError as error:  # what is polled for did not come
            raise BenchError(str(error)) from None
    return Result(rows, {"outage_s": options.seconds, "kept_s": KEPT_S, "hosts": HOSTS}, GOALS)


def _rows(folder: Path, names: Sequence[str], outage_s: float) -> list[Row]:
    took_s: dict[str, float] = {}
    with ExitStack() as stack:
        chains = {name: _chain(folder, name) for name in names}
        for chain in chains.values():
            chain.begin(stack)
        for chain in chains.values():
            chain.break_off()
        progress(f"{', '.join(names)}: the aggregator is away")
        pause(outage_s)
        for chain in chains.values():
            chain.go_on(stack)
        for name, chain in chains.items():
            chain.until_written()
            took_s[name] = clock.wall() - chain.back_at
            progress(f"{name}: all is written")
        pause(2 * STEP_S)  # what is scraped then stands behind what was written
        return [_row(name, chain, took_s[name]) for name, chain in chains.items()]


def _chain(folder: Path, name: str) -> History:
    side = SIDES[name]
    kept = {f"STA-{at}": KEPT_S for at in range(2, 2 + side.hosts)}
    place = folder / name.replace(" ", "-")
    return History(place, side.kind, kept_s=kept, families=FAMILIES, outage=side.outage)


def _row(name: str, chain: History, took_s: float) -> Row:
    aggregator, readings = chain.aggregator, chain.of_cut_host()
    numbers = [number for _, number in readings]
    before = max(number for at, number in readings if at <= chain.broken_at)
    of_outage = chain.of_outage()
    start, end = int(chain.broken_at), int(chain.back_at + STEP_S)
    query = f'{NUMBER}{{host="{CUT}"}}'
    found = chain.prometheus.steps(query, start, end, STEP_S)
    steps = [start + at * STEP_S for at in range(int((end - start) / STEP_S) + 1)]
    missing = [at for at in steps if at not in found]
    times = [at for at, _ in of_outage]
    behind_marker = {bisect(times, at) for at in missing[:1]}
    process = psutil.Process(aggregator.pid)
    cpu = process.cpu_times()
    return {
        "side": name,
        "outage_s": round(chain.back_at - chain.broken_at, 1),
        "readings_in_the_outage": len(of_outage),
        "readings_missing": round(of_outage[-1][1] - of_outage[0][1]) + 1 - len(of_outage),
        "readings_not_scraped_before": round(of_outage[0][1] - before) - 1,
        "readings_of_the_hour_missing": _of_the_hour_missing(chain),
        "steps_missing": len(missing),
        "steps_missing_elsewhere": sum(bisect(times, at) not in behind_marker for at in missing),
        "steps_back": sum(after < before for before, after in pairwise(numbers)),
        "samples_written": aggregator.value("venuewatch_aggregator_remote_write_samples_total"),
        "written_after_s": round(took_s, 1),
        "aggregator_cpu_s": round(cpu.user + cpu.system, 2),
        "aggregator_rss_mib": round(process.memory_info().rss / _MIB, 1),
        "loop_lag_s_max": aggregator.value("venuewatch_aggregator_loop_lag_seconds"),
    }


def _of_the_hour_missing(chain: History) -> int | None:
    hosts = [f"STA-{at}" for at in range(2, 2 + HOSTS)]
    if not chain.prometheus.series(f'count(last_over_time(node_load1{{host="{hosts[0]}"}}[3h]))'):
        return None
    missing = 0
    for host in hosts:
        (samples,) = chain.prometheus.stored(f'node_load1{{host="{host}"}}')
        expected = {(float(at), float(number)) for number, at in enumerate(chain.times_of(host))}
        missing += len(expected - set(samples))
    return missing
