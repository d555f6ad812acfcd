"""Has a real Prometheus scrape a whole fleet as it is shipped: a target a venue, in two jobs.

The configuration is ``deploy/prometheus/prometheus-http-sd.yml`` with its rules, ports replaced.
The fleet is said to a real aggregator through a real broker, once; it stays up without beating. The
aggregator is measured from outside, and every scrape that failed is counted by Prometheus.
"""

import argparse
import contextlib
import json
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil

from bench.kit import members
from bench.kit.filling import aggregator_with_fleet
from bench.kit.machine import program
from bench.kit.processes import (
    LOOPBACK,
    ROOT,
    BenchError,
    answers,
    await_start,
    cpu_s,
    free_port,
    pause,
    running,
    wait_for,
)
from bench.kit.result import Goal, Result, Row, progress
from venuewatch.base import clock
from venuewatch.base.options import number, whole

SUMMARY = "A real Prometheus scrapes 15,000 hosts as 39 venues in the two shipped jobs"
GOALS = (Goal("scrapes_failed", 0), Goal("targets_missing", 0))

_CONFIG = "prometheus-http-sd.yml"
_SHIPPED = ROOT / "deploy" / "prometheus"
_ALL_UP_S = 90.0  # it spreads its targets over an interval, after the list of them has come
_MIB = 1024 * 1024


class Prometheus(NamedTuple):
    """A running one."""

    pid: int
    port: int

    def value(self, query: str) -> float:
        """Return the one number that a query finds; 0 for none.

        Raises:
            OSError: it does not answer.
        """
        question = urllib.parse.urlencode({"query": query})
        url = f"http://{LOOPBACK}:{self.port}/api/v1/query?{question}"
        with urllib.request.urlopen(url, timeout=30.0) as answer:
            found = json.load(answer)["data"]["result"]
        return float(found[0]["value"][1]) if found else 0.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the bench's options."""
    parser.add_argument("--seconds", type=number(up_to=1e6), default=300.0, help="(%(default)g)")
    parser.add_argument(
        "--hosts", type=whole(1, 10_000_000), default=15_000, help="of the fleet (%(default)s)"
    )
    parser.add_argument(
        "--series", type=whole(1, 10_000_000), default=40, help="of each host (%(default)s)"
    )


def run(options: argparse.Namespace) -> Result:
    """Measure.

    Raises:
        BenchError: Prometheus, the broker or the aggregator does not start.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        directory = Path(name)
        with (
            aggregator_with_fleet(directory, options.hosts, options.series) as (child, port),
            _prometheus(directory, port) as scraper,
        ):
            targets = 2 * min(options.hosts, members.VENUES) + 1
            if not wait_for(lambda: _up(scraper) == targets, at_most_s=_ALL_UP_S):
                raise BenchError(f"{_up(scraper)} of {targets} targets are up")
            progress(f"all of {targets} targets are up")
            process, began = psutil.Process(child.pid), clock.monotonic()
            cpu = {pid: cpu_s(pid) for pid in (child.pid, scraper.pid)}
            rss_mib = process.memory_info().rss / _MIB
            child.ask("watch")
            pause(options.seconds)
            worst_s = child.ask()["worst_lag_s"]
            spent_s = clock.monotonic() - began
            window = f"[{spent_s:.0f}s]"
            row: Row = {
                "side": "ours",
                "targets": targets,
                "targets_missing": targets
                - int(scraper.value(f"count(min_over_time(up{window}))")),
                "scrapes": int(scraper.value(f"sum(count_over_time(up{window}))")),
                "scrapes_failed": int(
                    scraper.value(f"sum(count_over_time(up{window}) - sum_over_time(up{window}))")
                ),
                "series": int(scraper.value("sum(scrape_samples_scraped)")),
                "slowest_scrape_s": round(
                    scraper.value(f"max(max_over_time(scrape_duration_seconds{window}))"), 3
                ),
                "worst_lag_ms": round(worst_s * 1e3, 1),
                "cores": round((cpu_s(child.pid) - cpu[child.pid]) / spent_s, 3),
                "rss_begin_mib": round(rss_mib, 1),
                "rss_end_mib": round(process.memory_info().rss / _MIB, 1),
                "prometheus_cores": round((cpu_s(scraper.pid) - cpu[scraper.pid]) / spent_s, 3),
            }
    conditions = {
        "hosts": options.hosts,
        "series_of_each": options.series,
        "venues": min(options.hosts, members.VENUES),
        "seconds": options.seconds,
        "configuration": _CONFIG,
    }
    return Result([row], conditions, GOALS)


def _up(scraper: Prometheus) -> int:
    """Return how many targets are up; 0 while it does not answer yet."""
    try:
        return int(scraper.value("sum(up)"))
    except OSError:
        return 0


@contextlib.contextmanager
def _prometheus(directory: Path, port: int) -> Iterator[Prometheus]:
    """Run Prometheus with the shipped configuration, against an aggregator at that port.

    Raises:
        BenchError: it is not installed, or does not start.
    """
    path = program("prometheus")
    if path is None:
        raise BenchError("prometheus is not installed")
    replaced = {"127.0.0.1:8039": f"{LOOPBACK}:{port}", "127.0.0.1:9093": f"{LOOPBACK}:1"}
    for file in _SHIPPED.glob("*.yml"):
        text = file.read_text(encoding="utf-8")
        for old, new in replaced.items():
            text = text.replace(old, new)
        (directory / file.name).write_text(text, encoding="utf-8")
    own, log = free_port(), directory / "prometheus.log"
    command = [
        path,
        f"--config.file={directory / _CONFIG}",
        f"--storage.tsdb.path={directory / 'tsdb'}",
        f"--web.listen-address={LOOPBACK}:{own}",
    ]
    with running(command, log=log) as process:
        await_start(process, lambda: answers(own), log=log)
        yield Prometheus(process.pid, own)
