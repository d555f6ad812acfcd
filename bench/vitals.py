"""Measures how true our vitals are in a Prometheus, beside node_exporter's in the same one.

Both are scraped at half, one, one and a half and three times the interval at which vitals are sent,
ours with the time of each reading, and once without. All CPUs' seconds in all modes have to add up
to the number of CPUs at every step: by irate, by rate over six readings, and by rate over as
many or over four scrapes, whichever is longer. Then each counter's increase, and the mean of each
gauge of memory and of filesystems, at the instants of our readings: node_exporter's are
interpolated between the scrapes before and after, and where it moves more between those than the
two sides differ, nothing can be told. The clock of a second aggregator wavers by 50 ms, and a job
takes both with times: it has to store what it would store of one.
"""

import argparse
import tempfile
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import NamedTuple, TypeAlias

import psutil

from bench.kit.beside import BOTH, FINE, PLAIN, Scene, scene, theirs, timed
from bench.kit.processes import BenchError, pause, wait_for
from bench.kit.prometheus import Sample, Series
from bench.kit.result import Goal, Result, Row, Value, progress
from venuewatch.base import clock
from venuewatch.base.options import number
from venuewatch.base.wire.kernel_fields import UNTYPED

SUMMARY = "rates, increases and means of vitals in a Prometheus, beside node_exporter's"
COUNTERS, MEMORY, FILESYSTEMS = "counters", "memory", "filesystems"
GOALS = (
    *(
        Goal(key, 2.0, f"ours, {timed(interval_s)}")
        for interval_s in (5.0, 10.0, 15.0, 30.0)
        for key in ("irate_off_pct", "rate_off_pct", "rate_long_off_pct")
    ),
    Goal("irate_off_pct", 2.0, "ours, no times"),
    Goal("rate_off_pct", 2.0, "ours, no times"),
    Goal("outside", 0.0, COUNTERS),
    Goal("outside", 0.0, MEMORY),
    Goal("outside", 0.0, FILESYSTEMS),
    Goal("not_as_from_one", 0.0, BOTH),
    Goal("refused", 0.0, BOTH),
)

_READINGS = 6
_SCRAPES = 4
_INCREASE_OFF = 0.02
_MEAN_OFF = 0.01
_OURS_ALONE = {"job", "venue", "host", "instance"}
_GAUGES = {"node_netstat_Tcp_CurrEstab", "node_netstat_Ip_Forwarding"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the bench's options."""
    parser.add_argument(
        "--seconds", type=number(up_to=1e6), default=300.0, help="measured (%(default)g)"
    )
    parser.add_argument(
        "--every",
        type=number(up_to=1e6),
        default=10.0,
        metavar="SECONDS",
        help="vitals (%(default)g)",
    )


def run(options: argparse.Namespace) -> Result:
    """Measure.

    Raises:
        BenchError: a program is not installed, or does not start.
    """
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as directory,
        scene(Path(directory), options.every) as running,
    ):
        start = await_history(running)
        progress(f"measuring for {options.seconds:g} s")
        end = start + options.seconds
        await_scrapes(running, end)
        load = psutil.getloadavg()[0]
        rows = [
            *rates(running, start, end),
            *values(running, start, end),
            stored(running, start, end),
        ]
    conditions: dict[str, Value] = {
        "seconds": options.seconds,
        "vitals_every_s": options.every,
        "load_1m": round(load, 1),
    }
    return Result(rows, conditions, GOALS)


def await_history(running: Scene) -> float:
    """Wait until every range that is asked for is full; return since when (s since 1970).

    Raises:
        BenchError: a job does not scrape.
    """
    longest_s = running.intervals_s[-1]
    needed_s = max(_SCRAPES * longest_s, _READINGS * running.every_s)
    progress(f"waiting for {needed_s:g} s of history")
    query = "count(count by (job) (node_cpu_seconds_total))"
    jobs = len(running.intervals_s) * 2 + 3

    def all_are_scraped() -> bool:
        return [value for _, value in running.prometheus.now(query)] == [jobs]

    if not wait_for(all_are_scraped, at_most_s=2 * longest_s + 10):
        raise BenchError("a job does not scrape")
    pause(needed_s)
    return clock.wall()


def await_scrapes(running: Scene, end: float) -> None:
    """Wait until each job has scraped what was read by ``end`` (s since 1970)."""
    last_s = running.intervals_s[-1] + running.every_s
    pause(max(0.0, end + last_s - clock.wall()))


def rates(running: Scene, start: float, end: float) -> list[Row]:
    """Return a row for each job: how far from the number of CPUs its rates are at worst."""
    sides = {f"ours, {timed(each)}": (timed(each), each) for each in running.intervals_s}
    sides["ours, no times"] = PLAIN, running.every_s
    sides |= {theirs(each): (theirs(each), each) for each in running.intervals_s}
    return [_rates(side, job, each, running, (start, end)) for side, (job, each) in sides.items()]


def _rates(
    side: str, job: str, interval_s: float, running: Scene, span: tuple[float, float]
) -> Row:
    server, every_s = running.prometheus, running.every_s
    short_s, long_s = _READINGS * every_s, _SCRAPES * interval_s
    selector = f'node_cpu_seconds_total{{job="{job}"}}'
    gaps = _gaps(server.kept(selector, span[0] - max(short_s, long_s), span[1]))
    row: Row = {"side": side, "apart_s": f"{min(gaps):.1f} to {max(gaps):.1f}"}
    step_s = every_s / 2
    steps = int((span[1] - span[0]) / step_s) + 1
    for key, function, range_s in (
        ("irate", "irate", max(short_s, long_s)),
        ("rate", "rate", short_s),
        ("rate_long", "rate", max(short_s, long_s)),
    ):
        query = f"sum({function}({selector}[{round(range_s * 1000)}ms]))"
        found = server.steps(query, *span, step_s)
        cpus = [value for samples in found.values() for _, value in samples]
        row[f"{key}_min"] = round(min(cpus), 3) if cpus else None
        row[f"{key}_max"] = round(max(cpus), 3) if cpus else None
        row[f"{key}_off_pct"] = _off_pct(cpus)
        row[f"{key}_empty"] = steps - len(cpus)
    return row


def _gaps(series: Series) -> list[float]:
    """Return how far apart (s) the samples of each series are."""
    return [
        after - before
        for samples in series.values()
        for (before, _), (after, _) in pairwise(samples)
    ]


def _off_pct(cpus: Sequence[float]) -> float | None:
    count = psutil.cpu_count() or 1
    return round(max(abs(each / count - 1) for each in cpus) * 100, 2) if cpus else None


_Key: TypeAlias = tuple[str, frozenset[tuple[str, str]]]


class _Compared(NamedTuple):
    """One series: our value, node_exporter's, and how far that moved around our instants."""

    name: str
    ours: float
    theirs: float
    room: float = 0.0

    @property
    def off(self) -> float:
        """The difference as a share of node_exporter's value."""
        apart = abs(self.ours - self.theirs)
        return apart / abs(self.theirs) if self.theirs else float(apart > 0)


def values(running: Scene, start: float, end: float) -> list[Row]:
    """Return rows about counters' increases and gauges' means between two instants."""
    server, job = running.prometheus, timed(running.every_s / 2)
    ours = _by_labels(server.kept(f'{{__name__=~"node_.*",job="{job}"}}', start, end))
    around = start - running.every_s, end + running.every_s
    fine = _by_labels(server.kept(f'{{__name__=~"node_.*",job="{FINE}"}}', *around))
    shared = {key: (ours[key], _Line(fine[key])) for key in ours.keys() & fine.keys()}
    counters = [_increase(name, *both) for (name, _), both in shared.items() if _counts(name)]
    means = [_mean(name, *both) for (name, _), both in shared.items() if not _counts(name)]
    memory = [each for each in means if each.name.startswith("node_memory_")]
    filesystems = [each for each in means if each.name.startswith("node_filesystem_")]
    return [
        _row(COUNTERS, counters, _INCREASE_OFF),
        _row(MEMORY, memory, _MEAN_OFF),
        _row(FILESYSTEMS, filesystems, _MEAN_OFF),
    ]


def stored(running: Scene, start: float, end: float) -> Row:
    """Return a row about a job that takes both aggregators: each reading is to be there once."""
    server = running.prometheus
    timed_ones = '__name__=~"node_.*",__name__!="node_uname_info"'
    both, one = (
        _by_labels(server.kept(f'{{{timed_ones},job="{job}"}}', start, end))
        for job in (BOTH, timed(running.every_s / 2))
    )
    refused = "prometheus_target_scrapes_sample_duplicate_timestamp_total"
    return {
        "side": BOTH,
        "series": len(both),
        "readings": max(map(len, both.values()), default=0),
        "scrapes": round((end - start) / (running.every_s / 2)) * 2,
        "not_as_from_one": sum(samples != one.get(key) for key, samples in both.items()),
        "refused": int(server.own(refused)),
    }


class _Line:
    """node_exporter's samples of one series, and the straight lines between them."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self._samples = samples

    def at(self, when: float) -> tuple[float, float]:
        """Return the value at ``when``, and how much it moves between the samples around it."""
        after = bisect_left(self._samples, (when,))
        (low_at, low), (high_at, high) = (
            self._samples[max(0, min(at, len(self._samples) - 1))] for at in (after - 1, after)
        )
        if high_at == low_at:
            return low, 0.0
        return low + (high - low) * (when - low_at) / (high_at - low_at), abs(high - low)


def _increase(name: str, ours: Sequence[Sample], line: _Line) -> _Compared:
    (first_at, first), (last_at, last) = ours[0], ours[-1]
    (before, room), (after, more) = line.at(first_at), line.at(last_at)
    return _Compared(name, last - first, after - before, room + more)


def _mean(name: str, ours: Sequence[Sample], line: _Line) -> _Compared:
    others = [line.at(at) for at, _ in ours]
    room = fmean(moved for _, moved in others)
    return _Compared(name, fmean(value for _, value in ours), fmean(at for at, _ in others), room)


def _row(side: str, compared: Sequence[_Compared], limit: float) -> Row:
    apart = [each for each in compared if each.off > limit]
    outside = [each for each in apart if abs(each.ours - each.theirs) > each.room]
    told = [f"{each.name}: {each.ours:.6g}, not {each.theirs:.6g}" for each in sorted(outside)]
    return {
        "side": side,
        "series": len(compared),
        "not_zero": sum(each.theirs != 0 for each in compared),
        "within": len(compared) - len(apart),
        "too_fast_to_tell": len(apart) - len(outside),
        "outside": len(outside),
        "outside_are": "; ".join(told),
    }


def _counts(name: str) -> bool:
    is_untyped = name.startswith(UNTYPED) and name not in _GAUGES
    return is_untyped or name.endswith("_total")


def _by_labels(series: Series) -> dict[_Key, list[Sample]]:
    """Return samples by name and those labels that both sides have."""
    found = {}
    for labels, samples in series.items():
        kept = {name: value for name, value in labels if name not in _OURS_ALONE}
        found[kept.pop("__name__"), frozenset(kept.items())] = samples
    return found
