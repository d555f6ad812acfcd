"""Serves one side of the scrape bench over HTTP, in a process of its own.

``python -m bench.kit.serving ours --config FILE`` is the aggregator as it is. ``gauges`` and
``collector`` are prometheus_client's two ways to expose a fleet, behind its own server. ``floor``
is the least that Python needs: one tuple a host, one formatted string a line, gzip level 1.

It first prints its port. On the line ``watch`` it begins to measure how late its event loop runs;
on any other it ends that, and prints the worst and the 99th percentile. The loop does so by
sleeping 1 ms again and again, which takes 0.03 of a core; ``watch 5`` sleeps 5 ms, and takes a stop
for as long as it may have been. It counts for each millisecond in which something had to wait.
"""

import argparse
import asyncio
import json
import random
import sys
import threading
import zlib
from collections import Counter
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Gauge, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from aggregator import app, config
from aggregator.shell import garbage
from bench.kit.filling import LIVENESS, cpu_modes, numbers
from bench.kit.members import place
from bench.kit.processes import LOOPBACK
from venuewatch.base import clock, log

_SLEEP_MS = 1.0
_LINES = 1_000
_LABELS = ("venue", "host", "instance")
_CPU = "node_cpu_seconds_total"
SINGLES = [f"bench_host_{at}" for at in range(LIVENESS)]
"""Families with one series a host; the others are of ``node_cpu_seconds_total``."""


class Lateness:
    """How late the loop runs, while it is watched.

    Attributes:
        worst_s: the worst so far.
        longest_s: the most CPU time of its thread between two looks: a slice of work, or several.
    """

    def __init__(self) -> None:
        self._is_watched = asyncio.Event()
        self._waits_ms: Counter[int] = Counter()
        self._sleep_s = 0.0
        self.worst_s = self.longest_s = 0.0

    def watch(self, sleep_ms: float = _SLEEP_MS) -> None:
        """Begin to measure, with a look each ``sleep_ms``."""
        self._sleep_s = sleep_ms / 1000
        self.worst_s = self.longest_s = 0.0
        self._waits_ms.clear()
        self._is_watched.set()

    def end(self) -> None:
        """Measure no more."""
        self._is_watched.clear()

    def counts(self) -> dict[str, float]:
        """Return the worst, and what is worse for one in a hundred (s)."""
        rest = self._waits_ms.total() // 100
        p99_s = 0.0
        for ms in sorted(self._waits_ms, reverse=True):
            p99_s = ms / 1000
            rest -= self._waits_ms[ms]
            if rest < 0:
                break
        return {"worst_lag_s": self.worst_s, "p99_lag_s": p99_s, "longest_cpu_s": self.longest_s}

    async def measure(self) -> None:
        """Measure whenever it is to, for ever."""
        while True:
            await self._is_watched.wait()
            due, used_s = clock.monotonic() + self._sleep_s, clock.thread_cpu()
            await asyncio.sleep(self._sleep_s)
            late_s = clock.monotonic() - due
            if late_s > _SLEEP_MS / 1000:  # it may have begun just after the look before
                late_s += self._sleep_s - _SLEEP_MS / 1000
            self.worst_s = max(self.worst_s, late_s)
            self.longest_s = max(self.longest_s, clock.thread_cpu() - used_s)
            self._waits_ms.update(range(int(late_s * 1000) + 1))


async def _watched(serving: asyncio.Future[object] | None = None) -> None:
    """Answer the lines on standard input, on a loop whose lateness is measured."""
    loop, lateness = asyncio.get_running_loop(), Lateness()

    def answer() -> None:
        for line in sys.stdin:
            word, _, sleep_ms = line.strip().partition(" ")
            is_start = word == "watch"
            call = partial(lateness.watch, float(sleep_ms or _SLEEP_MS))
            loop.call_soon_threadsafe(call if is_start else lateness.end)
            print(json.dumps({} if is_start else lateness.counts()), flush=True)

    threading.Thread(target=answer, name="answers", daemon=True).start()
    measuring = asyncio.create_task(lateness.measure())
    await (measuring if serving is None else serving)
    measuring.cancel()


async def _ours(path: Path) -> None:
    settings = config.read(path)
    port = int(settings.web.listen_address.rpartition(":")[2])
    print(json.dumps({"port": port}), flush=True)
    serving = app.serve(settings, partial(config.read, path))
    await _watched(asyncio.ensure_future(serving))


class Host(NamedTuple):
    """One host of the floor and of prometheus_client's sides."""

    venue: str
    name: str
    numbers: tuple[float, ...]


def _fleet(hosts: int, series: int) -> list[Host]:
    rng = random.Random(hosts)
    return [Host(*place(index), tuple(numbers(rng, series))) for index in range(hosts)]


def _gauges(hosts: int, series: int) -> CollectorRegistry:
    registry = CollectorRegistry()
    singles = [Gauge(name, "A number.", _LABELS, registry=registry) for name in SINGLES]
    by_cpu = Gauge(_CPU, "Seconds.", (*_LABELS, "cpu", "mode"), registry=registry)
    modes = cpu_modes(series - LIVENESS)
    for host in _fleet(hosts, series):
        labels = host.venue, host.name, host.name
        for gauge, number in zip(singles, host.numbers, strict=False):
            gauge.labels(*labels).set(number)
        for mode, number in zip(modes, host.numbers[LIVENESS:], strict=True):
            by_cpu.labels(*labels, *mode).set(number)
    return registry


class _FromFleet(Collector):
    """A custom collector: it makes the metrics of a fleet at each scrape."""

    def __init__(self, fleet: list[Host], series: int) -> None:
        self._fleet = fleet
        self._modes = cpu_modes(series - LIVENESS)

    def collect(self) -> Iterator[Metric]:
        for at, name in enumerate(SINGLES):
            family = GaugeMetricFamily(name, "A number.", labels=_LABELS)
            for host in self._fleet:
                family.add_metric((host.venue, host.name, host.name), host.numbers[at])
            yield family
        family = GaugeMetricFamily(_CPU, "Seconds.", labels=(*_LABELS, "cpu", "mode"))
        for host in self._fleet:
            labels = host.venue, host.name, host.name
            for mode, number in zip(self._modes, host.numbers[LIVENESS:], strict=True):
                family.add_metric((*labels, *mode), number)
        yield family


def _collector(hosts: int, series: int) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(_FromFleet(_fleet(hosts, series), series))
    return registry


def _serve_registry(registry: CollectorRegistry) -> int:
    server, _ = start_http_server(0, LOOPBACK, registry)
    return int(server.server_port)


def _serve_floor(hosts: int, series: int) -> int:
    rows = [
        (f'venue="{host.venue}",host="{host.name}",instance="{host.name}"', host.numbers)
        for host in _fleet(hosts, series)
    ]
    heads = [f"{name}{{" for name in SINGLES] + [_CPU + "{"] * (series - LIVENESS)
    modes = [f',cpu="{cpu}",mode="{mode}"}}' for cpu, mode in cpu_modes(series - LIVENESS)]
    tails = ["}"] * LIVENESS + modes

    def pieces() -> Iterator[bytes]:
        for at, (head, tail) in enumerate(zip(heads, tails, strict=True)):
            for first in range(0, hosts, _LINES):
                lines = [
                    f"{head}{labels}{tail} {values[at]!r}\n"
                    for labels, values in rows[first : first + _LINES]
                ]
                yield "".join(lines).encode()

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_gzip = "gzip" in self.headers.get("Accept-Encoding", "")
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            if is_gzip:
                self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            if not is_gzip:
                self.wfile.writelines(pieces())
                return
            compressor = zlib.compressobj(1, wbits=31)
            self.wfile.writelines(map(compressor.compress, pieces()))
            self.wfile.write(compressor.flush())

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer((LOOPBACK, 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("side", choices=["ours", "floor", "gauges", "collector"])
    parser.add_argument("--config", type=Path, help="of the aggregator")
    parser.add_argument("--pythons-collector", action="store_true", help="as Python sets it")
    parser.add_argument("--hosts", type=int, default=0)
    parser.add_argument("--series", type=int, default=0)
    options = parser.parse_args()
    if options.side == "ours":
        if options.pythons_collector:
            garbage.collect = asyncio.Event().wait  # type: ignore[assignment]
        log.start()
        asyncio.run(_ours(options.config))
        return 0
    if options.side == "floor":
        port = _serve_floor(options.hosts, options.series)
    else:
        make = _gauges if options.side == "gauges" else _collector
        port = _serve_registry(make(options.hosts, options.series))
    print(json.dumps({"port": port}), flush=True)
    asyncio.run(_watched())
    return 0


if __name__ == "__main__":
    sys.exit(main())
