"""Counts the wills that arrive when a whole fleet is lost at once, under the shipped settings.

There is a real Mosquitto with the queues of ``mosquitto/venuewatch.conf``, the real aggregator, and
a connection with a will for each host. All connections end at the same moment, without a word:
their process is killed. Then the broker has a will of each host for the aggregator. It counts what
it could not keep, and the aggregator tells that on ``/metrics``.
"""

import argparse
import re
import signal
import tempfile
from pathlib import Path

import psutil

from bench.kit import centres
from bench.kit.members import write_inventory
from bench.kit.mosquitto import mosquitto
from bench.kit.processes import Asked, BenchError, asking, grant_files, pause, python, wait_for
from bench.kit.result import Goal, Result, Row, progress
from venuewatch.base import clock
from venuewatch.base.options import whole
from venuewatch.base.wire.topics import Stream

SUMMARY = "Wills that arrive when up to 15,000 clients are lost at once"
GOALS = (Goal("wills_lost", 0.0), Goal("dropped_by_broker", 0.0))

_SPARE_FILES = 128
_ANNOUNCED_S = 120.0
_ARRIVED_S = 120.0
_LOOK_EVERY_S = 0.05
_TOLD_S = 12.0  # the broker says it each 5 s
_MIB = 1024 * 1024


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the bench's options."""
    parser.add_argument(
        "--hosts",
        type=whole(1, 1_000_000),
        default=15_000,
        help="or as many as the machine lets connect (%(default)s)",
    )


def run(options: argparse.Namespace) -> Result:
    """Measure.

    Raises:
        BenchError: broker, aggregator or fleet do not start, or do not all arrive.
    """
    hosts = min(options.hosts, grant_files(options.hosts + _SPARE_FILES) - _SPARE_FILES)
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        row = _measured(Path(name), hosts)
    conditions = {"hosts": options.hosts, "load_1m": round(psutil.getloadavg()[0], 1)}
    return Result([row], conditions, GOALS)


def _measured(folder: Path, hosts: int) -> Row:
    inventory = folder / "inventory.toml"
    write_inventory(inventory, hosts)
    with (
        mosquitto(folder, clients=hosts + _SPARE_FILES) as broker,
        asking(
            python("bench.kit.fleet", "--port", str(broker.port), "--hosts", str(hosts)),
            log=folder / "fleet.log",
        ) as fleet,
    ):
        connected = int(fleet.read_answer()["connections"])
        if not connected:
            raise BenchError("no host could connect")
        progress(f"{connected} connected")
        with centres.aggregator(folder, inventory, broker.port) as centre:
            fleet.ask("cut -")  # no host beats: nothing but wills is on its way
            arrived, took_s = _after_the_loss(centre, fleet, connected)
            dropped = _value(centre, rb"venuewatch_broker_messages_dropped_total")
        rss_mib = psutil.Process(broker.pid).memory_info().rss / _MIB
    progress(f"{arrived} of {connected} wills after {took_s:.1f} s")
    return {
        "side": "ours",
        "connected": connected,
        "wills_lost": connected - arrived,
        "last_will_after_s": round(took_s, 2),
        "dropped_by_broker": dropped,
        "broker_rss_mib": round(rss_mib, 1),
    }


def _after_the_loss(centre: centres.Aggregator, fleet: Asked, expected: int) -> tuple[int, float]:
    """End all connections; return how many wills came, and when (s) the last was first seen."""
    if not wait_for(lambda: _heard(centre, Stream.BIRTH) >= expected, at_most_s=_ANNOUNCED_S):
        raise BenchError(f"{_heard(centre, Stream.BIRTH)} of {expected} births arrived")
    seen, began = 0, clock.monotonic()
    at = began
    fleet.signal(signal.SIGKILL)
    while seen < expected and clock.monotonic() - at < _ARRIVED_S:
        pause(_LOOK_EVERY_S)
        if (now := _heard(centre, Stream.DEATH)) > seen:
            seen, at = now, clock.monotonic()
    pause(_TOLD_S)
    return _heard(centre, Stream.DEATH), at - began


def _heard(centre: centres.Aggregator, stream: Stream) -> int:
    """Return how many messages of a stream the aggregator has taken."""
    name = f'venuewatch_aggregator_messages_total{{stream="{stream.value}"}}'
    return int(_value(centre, re.escape(name).encode()) or 0)


def _value(centre: centres.Aggregator, series: bytes) -> float | None:
    """Return a sample of the aggregator's own page; None where it has none."""
    page = centres.get(centre.web_port, "/metrics/self")[1]
    found = re.search(rb"^" + series + rb" (\S+)$", page, re.MULTILINE)
    return float(found[1]) if found else None
