"""Measures a scrape of a whole fleet: the aggregator beside prometheus_client and client_golang.

Each side is a process of its own that serves HTTP, and is alone while it is measured. Three
scrapers at once ask the aggregator for the same body, which is made once, and for three different
ones: with times, with all venues named, and plainly. The others make each body anew;
prometheus_client takes so long that a large fleet is scraped by one at a time only.

``ours, one venue`` is a target as ``prometheus-http-sd.yml`` has them. ``floor`` is the least that
Python needs: one tuple a host, one formatted string a line, gzip level 1.
"""

import argparse
import contextlib
import http.client
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import psutil

from bench.kit import members
from bench.kit.filling import LIVENESS, aggregator_with_fleet
from bench.kit.golang import built
from bench.kit.processes import (
    LOOPBACK,
    Asked,
    BenchError,
    asking,
    cpu_s,
    forget_peak,
    pause,
    peak_mib,
    python,
)
from bench.kit.result import Goal, Result, Row, Value, progress, skipped
from venuewatch.base import clock
from venuewatch.base.options import whole

SUMMARY = "CPU, memory, bytes and loop lag of a scrape, beside prometheus_client and client_golang"
SIZES = ("400x40", "4000x40", "15000x40", "4000x155")
LARGE = ("15000x40", "4000x155")
GOALS = tuple(
    Goal(key, at_most, f"ours {size}")
    for size in LARGE
    for key, at_most in {
        "gzip_cpu_against_floor": 1.15,
        "gzip_cpu_against_client_golang": 0.25,
        "gzip_mb": 10.0,
        "one_rss_growth_mib": 60.0,
        "three_different_rss_growth_mib": 120.0,
        "three_different_lag_ms": 50.0,
    }.items()
)

_OURS, _FLOOR, _GO = "ours", "floor", "client_golang"
_SLOW = ("collector", "gauges")  # prometheus_client: one round has to do
_SLOW_SERIES_MAX = 200_000  # more than that is scraped by one at a time only
SIDES = (_OURS, _FLOOR, *_SLOW, _GO)
_ANSWER_S = 120.0
_AT_ONCE = 1_048_576
_IDLE_S = 2.0
_UNSHARED_S = 1.1  # the aggregator shares a body within one second
_MIB = 1024 * 1024


class Scraped(NamedTuple):
    """What came of scrapers at once: CPU of the side, the longest wait, and bytes of all bodies."""

    cpu_s: float
    wait_s: float
    size: int


class Serving(NamedTuple):
    """A side that serves; ``paths`` are of three different bodies, or of one where all are.

    ``is_shared``: whether scrapers of one second get the same body.
    """

    child: Asked
    port: int
    paths: Sequence[str]
    is_shared: bool = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the bench's options."""
    parser.add_argument(
        "--rounds", type=whole(1, 10_000_000), default=3, help="scrapes of each kind (%(default)s)"
    )
    parser.add_argument(
        "--sizes",
        nargs="+",
        default=list(SIZES),
        metavar="HOSTSxSERIES",
        help=f"fleets: {' '.join(SIZES)}",
    )
    parser.add_argument(
        "--sides", nargs="+", default=SIDES, choices=SIDES, help="who is measured (all of them)"
    )


def run(options: argparse.Namespace) -> Result:
    """Measure.

    Raises:
        BenchError: the broker or the aggregator does not start.
    """
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        directory = Path(name)
        for size in options.sizes:
            hosts, series = _numbers_of(size)
            sides: list[Row] = []
            if _OURS in options.sides:
                sides += _ours(directory, hosts, series, options.rounds)
            peers = [side for side in options.sides if side != _OURS]
            sides += _peers(directory, hosts, series, options.rounds, peers)
            _compare(sides)
            rows += [{**row, "side": f"{row['side']} {size}"} for row in sides]
    return Result(rows, {"rounds": options.rounds, "venues": members.VENUES}, GOALS)


def _numbers_of(size: str) -> tuple[int, int]:
    hosts, _, series = size.partition("x")
    if not (hosts.isdigit() and series.isdigit() and int(series) > LIVENESS):
        raise BenchError(f"expected hosts x series, as {SIZES[0]}, got {size}")
    return int(hosts), int(series)


def _ours(directory: Path, hosts: int, series: int, rounds: int) -> list[Row]:
    with aggregator_with_fleet(directory, hosts, series) as (child, port):
        everywhere = "&".join(
            f"venue={members.place(index)[0]}" for index in range(min(hosts, members.VENUES))
        )
        paths = ("/metrics", "/metrics?timestamps=1", f"/metrics?{everywhere}")
        row = _measured(_OURS, Serving(child, port, paths), rounds)
        one = "/metrics?venue=V00"
        return [row, _measured(f"{_OURS}, one venue", Serving(child, port, [one]), rounds)]


def _peers(
    directory: Path, hosts: int, series: int, rounds: int, sides: Sequence[str]
) -> Iterator[Row]:
    """Measure other sides, one after the other."""
    fleet = ("--hosts", str(hosts), "--series", str(series))
    for side in sides:
        try:
            is_go = side == _GO
            start = [built(_GO, directory)] if is_go else python("bench.kit.serving", side)
            with asking([*start, *fleet], log=directory / f"{side}.log") as child:
                port = int(child.read_answer()["port"])
                serving = Serving(child, port, ["/metrics"], is_shared=False)
                if side not in _SLOW:
                    yield _measured(side, serving, rounds)
                else:
                    has_three = hosts * series <= _SLOW_SERIES_MAX
                    yield _measured(side, serving, 1, has_three=has_three)
        except BenchError as error:
            progress(f"{side}: {error}")
            yield skipped(side, str(error))


def _measured(side: str, serving: Serving, rounds: int, *, has_three: bool = True) -> Row:
    """Scrape a side in each way; what comes later finds the memory that an earlier one needed."""
    pid, first = serving.child.pid, serving.paths[0]
    idle_mib = psutil.Process(pid).memory_info().rss / _MIB
    row: Row = {
        "side": side,
        "rss_idle_mib": round(idle_mib, 1),
        "idle_lag_ms": _lag_ms(serving, [], rounds),
    }

    def growth_mib() -> Value:
        peak = peak_mib(pid)
        return None if peak is None else round(max(0.0, peak - idle_mib), 1)

    forget_peak(pid)
    found = [_at_once(serving, [first]) for _ in range(rounds)]
    row |= {
        "gzip_cpu_s": round(min(scraped.cpu_s for scraped in found), 4),
        "gzip_s": round(min(scraped.wait_s for scraped in found), 3),
        "gzip_mb": round(found[0].size / 1e6, 3),
        "one_rss_growth_mib": growth_mib(),
        "one_lag_ms": _lag_ms(serving, [first], rounds),
    }
    ways = {"same": [first] * 3, "different": list(serving.paths)}
    for way, paths in ways.items():
        if len(paths) == 1 or not has_three:  # it has no others
            continue
        forget_peak(pid)
        serving.child.ask("watch")
        found = [_at_once(serving, paths) for _ in range(rounds)]
        row |= {
            f"three_{way}_lag_ms": _worst_ms(serving),
            f"three_{way}_cpu_s": round(min(scraped.cpu_s for scraped in found), 4),
            f"three_{way}_s": round(min(scraped.wait_s for scraped in found), 3),
            f"three_{way}_rss_growth_mib": growth_mib(),
        }
    forget_peak(pid)
    found = [_at_once(serving, [first], is_gzip=False) for _ in range(rounds)]
    row |= {
        "plain_cpu_s": round(min(scraped.cpu_s for scraped in found), 4),
        "plain_mb": round(found[0].size / 1e6, 3),
        "plain_rss_growth_mib": growth_mib(),
    }
    progress(f"{side}: {row['gzip_cpu_s']} CPU-s with gzip, {row['plain_cpu_s']} plain")
    return row


def _lag_ms(serving: Serving, paths: Sequence[str], rounds: int) -> Value:
    """Return how late the side's event loop ran at the worst: while it is scraped, or is idle.

    The machine makes it late, too, if other programs are busy.
    """
    serving.child.ask("watch")
    for _ in range(rounds):
        if paths:
            _at_once(serving, paths)
        else:
            pause(_IDLE_S)
    return _worst_ms(serving)


def _worst_ms(serving: Serving) -> Value:
    worst_s = serving.child.ask().get("worst_lag_s")
    return None if worst_s is None else round(worst_s * 1e3, 1)


def _at_once(serving: Serving, paths: Sequence[str], *, is_gzip: bool = True) -> Scraped:
    """Scrape these paths together, in a second of their own where that matters."""
    if serving.is_shared:
        pause(_UNSHARED_S)
    before = cpu_s(serving.child.pid)
    with ThreadPoolExecutor(len(paths)) as scrapers:
        answers = list(scrapers.map(lambda path: _scrape(serving.port, path, is_gzip), paths))
    waits, sizes = zip(*answers, strict=True)
    return Scraped(cpu_s(serving.child.pid) - before, max(waits), sum(sizes))


def _scrape(port: int, path: str, is_gzip: bool) -> tuple[float, int]:  # noqa: FBT001 - mapped
    """Return how long (s) a scrape took, and the size of the body as it was sent.

    Raises:
        BenchError: it failed.
    """
    began = clock.monotonic()
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_ANSWER_S)
    with contextlib.closing(connection):
        connection.request("GET", path, headers={"Accept-Encoding": "gzip" if is_gzip else ""})
        answer = connection.getresponse()
        size = sum(map(len, iter(lambda: answer.read(_AT_ONCE), b"")))
        if answer.status != http.client.OK:
            raise BenchError(f"{path} answers with {answer.status}")
        if (answer.getheader("Content-Encoding") == "gzip") is not is_gzip:
            raise BenchError(f"{path} is not encoded as it was asked for")
    return clock.monotonic() - began, size


def _compare(sides: Sequence[Row]) -> None:
    """Add to our row what the CPU of a scrape is against the floor's, and against Go's."""
    costs = {row["side"]: row.get("gzip_cpu_s") for row in sides}
    for row in sides:
        if row["side"] != _OURS:
            continue
        for other in (_FLOOR, _GO):
            cost, its = costs[_OURS], costs.get(other)
            if isinstance(cost, float) and isinstance(its, float) and its:
                row[f"gzip_cpu_against_{other}"] = round(cost / its, 3)
