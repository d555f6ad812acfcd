"""Measures the aggregator with a whole fleet that beats and sends vitals, on one core of two.

A real Mosquitto and the real aggregator. The hosts are carried by few connections, as the limit of
open files forbids one for each on most machines: the aggregator does not see that, the broker has
fewer clients than in earnest. Three rows a size: with nobody who scrapes, while the whole
``/metrics`` is scraped, and that with Python's own collector instead of ours. Broker and fleet have
the other core where there are two. Every incident counts: nothing is wrong with the fleet. A fourth
row is a storm: the whole fleet is silent at once, and comes back at once. Its slices are judged by
the CPU time of the loop's thread between two looks of it, 1 ms apart. Elsewhere the loop looks each
5 ms. That takes CPU too, so ``cores`` are of a tenth of a row's time without it, before the row.
"""

import argparse
import contextlib
import http.client
import json
import os
import tempfile
from collections.abc import Container, Iterator
from pathlib import Path
from typing import NamedTuple

import psutil

from bench.kit.carried import CONNECTIONS
from bench.kit.centres import get
from bench.kit.filling import served
from bench.kit.members import write_inventory
from bench.kit.mosquitto import mosquitto
from bench.kit.processes import Asked, BenchError, asking, cpu_s, pause, python, wait_for
from bench.kit.result import Goal, Result, Row, progress
from bench.kit.scraping import scraped
from venuewatch.base import clock
from venuewatch.base.options import number, whole

SUMMARY = "Loop lag, CPU, memory and false incidents with a fleet of 15,000 or 35,000 hosts"
SIZES = ("15000x1x104", "35000x5x104")
_ALONE, _SCRAPED, _PYTHONS = "ours", "ours, scraped", "Python's collector, scraped"
_STORM = "ours, all silent and back"
_OF_STORM = tuple(
    Goal(key, at_most, f"{_STORM} {size}")
    for size in SIZES
    for key, at_most in {"slice_cpu_max_ms": 20.0, "incidents": 1.0, "accused": 0.0}.items()
)
GOALS = _OF_STORM + tuple(
    Goal(key, at_most, f"{side} {size}")
    for size in SIZES
    for side in (_ALONE, _SCRAPED)
    for key, at_most in {
        "lag_p99_ms": 20.0,
        "lag_max_ms": 100.0,
        "incidents": 0.0,
        **({"cores": 0.25, "kb_a_host_over_60_mib": 6.0} if side == _ALONE else {}),
    }.items()
)

_VITALS_EVERY_S = 10.0
_SCRAPE_EVERY_S = 15.0
_SILENT_FOR_PYTHONS_S = 120.0  # its collector may stop everything for that long
_BASE_MIB = 60.0
_SETTLE_S = 12.0  # all have sent vitals by then
_UNWATCHED = 0.1  # of a row's time, before it
_UP_S = 120.0
_BACK_S = 5.0
_MIB = 1024 * 1024


class Size(NamedTuple):
    """A fleet: how many hosts, how often (s) each beats, and how many values it has."""

    hosts: int
    interval_s: float
    values: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the bench's options."""
    parser.add_argument(
        "--seconds", type=number(up_to=1e6), default=600.0, help="of each row (%(default)g)"
    )
    parser.add_argument(
        "--pythons-seconds",
        type=number(up_to=1e6),
        default=120.0,
        help="of the row with Python's collector, which is judged by nothing (%(default)g)",
    )
    parser.add_argument(
        "--silent-seconds",
        type=number(up_to=80.0),
        default=25.0,
        help="of the storm (%(default)g)",
    )
    parser.add_argument(
        "--sizes",
        nargs="+",
        default=list(SIZES),
        metavar="HOSTSxSECONDSxVALUES",
        help=f"fleets: {' '.join(SIZES)}",
    )
    parser.add_argument(
        "--alone", action="store_true", help="measure the first row only: nobody scrapes"
    )
    parser.add_argument(
        "--connections",
        type=whole(1, 10_000_000),
        default=CONNECTIONS,
        help="that carry the hosts (%(default)s)",
    )


def run(options: argparse.Namespace) -> Result:
    """Measure.

    Raises:
        BenchError: the broker or the aggregator does not start, or the fleet does not come up.
    """
    rows: list[Row] = []
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        for text in options.sizes:
            for is_ours in (True,) if options.alone else (True, False):
                folder = Path(name) / f"{text}-{is_ours}"
                folder.mkdir()
                with _world(folder, _size_of(text), options, cores, is_ours=is_ours) as world:
                    found = list(_rows(world, options, is_ours=is_ours))
                rows += [{**row, "side": f"{row['side']} {text}"} for row in found]
    conditions = {
        "seconds": options.seconds,
        "connections": options.connections,
        "cores": len(cores),
        "load_1m": round(psutil.getloadavg()[0], 1),
    }
    return Result(rows, conditions, GOALS)


def _size_of(text: str) -> Size:
    parts = text.split("x")
    try:
        hosts, interval_s, values = parts
        return Size(int(hosts), float(interval_s), int(values))
    except ValueError:
        raise BenchError(f"expected hosts x seconds x values, as {SIZES[0]}, got {text}") from None


class _World(NamedTuple):
    """What runs; ``log`` is the aggregator's."""

    size: Size
    centre: Asked
    port: int
    fleet: Asked
    log: Path


@contextlib.contextmanager
def _world(
    folder: Path, size: Size, options: argparse.Namespace, cores: list[int], *, is_ours: bool
) -> Iterator[_World]:
    """Run broker, aggregator and fleet, until the fleet is up and has sent vitals."""
    write_inventory(folder / "inventory.toml", size.hosts)
    of_fleet = [
        *("--hosts", str(size.hosts), "--interval", str(size.interval_s)),
        *("--values", str(size.values), "--vitals-every", str(_VITALS_EVERY_S)),
        *("--connections", str(options.connections)),
    ]
    with (
        mosquitto(folder, clients=options.connections + 16) as broker,
        served(folder, broker.port, is_collected=is_ours) as (centre, port),
        asking(
            python("bench.kit.carried", "--port", str(broker.port), *of_fleet),
            log=folder / "fleet.log",
        ) as fleet,
    ):
        for pid in (broker.pid, fleet.pid):
            psutil.Process(pid).cpu_affinity(cores[1:] or cores)
        psutil.Process(centre.pid).cpu_affinity(cores[:1])
        fleet.read_answer()
        if not wait_for(lambda: _is_ready(port), at_most_s=_UP_S):
            raise BenchError("the fleet does not come up")
        pause(_SETTLE_S)
        yield _World(size, centre, port, fleet, folder / "ours.log")


def _is_ready(port: int) -> bool:
    try:
        return get(port, "/-/ready")[0] == http.client.OK
    except OSError:
        return False


def _rows(world: _World, options: argparse.Namespace, *, is_ours: bool) -> Iterator[Row]:
    if is_ours:
        yield _measured(_ALONE, world, options.seconds)
        if options.alone:
            return
        yield _storm(world, options.silent_seconds)
    silent_s = _SCRAPE_EVERY_S if is_ours else _SILENT_FOR_PYTHONS_S
    with scraped(world.port, "/metrics", _SCRAPE_EVERY_S, silent_s=silent_s):
        if is_ours:
            yield _measured(_SCRAPED, world, options.seconds)
        else:
            yield _measured(_PYTHONS, world, options.pythons_seconds)


def _measured(side: str, world: _World, seconds: float) -> Row:
    size, pid = world.size, world.centre.pid
    opened = _opened(world.log)
    world.fleet.ask()
    cores = _cores(pid, seconds * _UNWATCHED)
    world.centre.ask("watch 5")
    cores_watched = _cores(pid, seconds)
    lag, fleet = world.centre.ask(), world.fleet.ask()
    rss_mib = psutil.Process(pid).memory_info().rss / _MIB
    row: Row = {
        "side": side,
        "lag_p99_ms": round(lag["p99_lag_s"] * 1e3, 1),
        "lag_max_ms": round(lag["worst_lag_s"] * 1e3, 1),
        "cores": round(cores, 3),
        "cores_watched": round(cores_watched, 3),
        "rss_mib": round(rss_mib, 1),
        "kb_a_host_over_60_mib": round((rss_mib - _BASE_MIB) * _MIB / 1000 / size.hosts, 2),
        "incidents": _opened(world.log) - opened,
        "fleets_own_lag_ms": round(fleet["worst_lag_s"] * 1e3, 1),
        "refused_by_broker": fleet["refused"],
    }
    progress(
        f"{side}: p99 {row['lag_p99_ms']} ms, max {row['lag_max_ms']} ms, {row['cores']} core, "
        f"{row['rss_mib']} MiB"
    )
    return row


def _cores(pid: int, seconds: float) -> float:
    """Return how much of a core a process takes in the next so many seconds."""
    began, before = clock.monotonic(), cpu_s(pid)
    pause(seconds)
    return (cpu_s(pid) - before) / (clock.monotonic() - began)


def _storm(world: _World, silent_s: float) -> Row:
    """Let the whole fleet be silent at once, and come back at once."""
    opened, accused = _opened(world.log), _accused(world.log)
    world.centre.ask("watch")
    world.fleet.ask("silent")
    pause(silent_s)
    world.fleet.ask("speak")
    pause(silent_s + _BACK_S)
    lag = world.centre.ask()
    row: Row = {
        "side": _STORM,
        "lag_p99_ms": round(lag["p99_lag_s"] * 1e3, 1),
        "lag_max_ms": round(lag["worst_lag_s"] * 1e3, 1),
        "slice_cpu_max_ms": round(lag["longest_cpu_s"] * 1e3, 1),
        "incidents": _opened(world.log) - opened,
        "accused": _accused(world.log) - accused,
        "is_ready": _is_ready(world.port),
    }
    progress(f"{_STORM}: slice {row['slice_cpu_max_ms']} ms, {row['incidents']} incidents")
    return row


def _opened(log: Path) -> int:
    """Return how many incidents were opened, as the aggregator's log says."""
    return _count(log, "incident", "change", {"opened"})


def _accused(log: Path) -> int:
    """Return how many times a host was called down or unreachable."""
    return _count(log, "host_changed", "after", {"down", "unreachable"})


def _count(log: Path, event: str, key: str, values: Container[str]) -> int:
    named = f'"event":"{event}"'
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    said = (json.loads(line) for line in lines if named in line.replace(" ", ""))
    return sum(each[key] in values for each in said)
