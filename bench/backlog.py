"""Measures how the full spools of 50 hosts of 10 venues come in at once, and who notices.

Real Mosquitto and aggregator. The hosts that return are agents without a disk, all in one process:
the agent's own outbox, credit, pace and session. Hosts elsewhere, small real clients, are killed
before and all along. At the end the journal is counted: each reading has to be there, once.
"""

import argparse
import contextlib
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import psutil

from bench.kit.machine import program
from bench.kit.processes import (
    Asked,
    BenchError,
    asking,
    cpu_s,
    forget_peak,
    pause,
    peak_mib,
    python,
)
from bench.kit.result import Goal, Result, Row, progress
from bench.kit.returning import BOOT, reading
from tests.integration.returning import Fleet, fleet
from venuewatch.base import clock
from venuewatch.base.options import whole

SUMMARY = "full spools of 50 hosts come in at once: exactly once, how soon, and who notices"
GOALS = (
    Goal("readings_missing", 0),
    Goal("readings_twice", 0),
    Goal("incidents_of_others", 0),
    Goal("kill_known_later_s_median", 0.5),
)

VENUES = 10
KILLED = 5
"""How many hosts elsewhere are killed, one after the other, in each round."""

_MIB = 1_048_576
_APART_S = 20.0  # rounds


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the bench's options."""
    parser.add_argument(
        "--hosts", type=whole(VENUES, 500), default=50, help="that return (%(default)s)"
    )
    parser.add_argument(
        "--mebibytes",
        type=whole(1, 64),
        default=64,
        help="in each spool; 64 take 37 minutes and 3 GB of disk (%(default)s)",
    )


def run(options: argparse.Namespace) -> Result:
    """Let them return, once.

    Raises:
        BenchError: a server is not installed, or something did not happen.
    """
    if program("mosquitto") is None:
        raise BenchError("mosquitto is not installed")
    venues = {f"V{at:02d}": options.hosts // VENUES for at in range(VENUES)}
    records = options.mebibytes * _MIB // (1 + len(reading(1, int(clock.wall()), 1)))
    with tempfile.TemporaryDirectory(prefix="venuewatch-bench-") as folder, ExitStack() as stack:
        try:
            many = stack.enter_context(fleet(Path(folder), venues=venues, elsewhere=KILLED))
            row = _measured(many, Path(folder), records)
        except AssertionError as error:  # what is polled for did not come
            raise BenchError(str(error)) from None
    conditions = {
        "hosts": len(many.names),
        "venues": VENUES,
        "spool_mib_each": options.mebibytes,
        "readings_each": records,
    }
    return Result([row], conditions, GOALS)


def _measured(many: Fleet, folder: Path, records: int) -> Row:
    aggregator, broker = many.aggregator, many.broker
    quiet_s = many.kill_all()
    for process in (aggregator, broker):
        forget_peak(process.pid)
    cpu_before, lags = cpu_s(aggregator.pid), [0.0]
    busy_s: list[float] = []
    with _clients(many, folder, records) as clients:
        while (said := clients.ask())["drained_s"] is None:
            if said["trouble"]:
                raise BenchError(f"a host that returns: {said['trouble']}")
            known_s = many.kill_all()
            if not busy_s or clients.ask()["drained_s"] is None:
                busy_s += known_s
            lags.append(aggregator.value("venuewatch_aggregator_loop_lag_seconds") or 0.0)
            progress(f"{said['sent_bytes'] / _MIB:,.0f} MiB sent")
            pause(_APART_S)
        told = many.incidents()  # before those that came back leave all at once
        took_s = said["drained_s"]
        used_s = cpu_s(aggregator.pid) - cpu_before
    stored, most = _stored(folder)
    return {
        "side": "ours",
        "drained_after_s": round(took_s, 1),
        "spools_mib": round(said["sent_bytes"] / _MIB, 1),
        "of_which_on_the_wire_mib": round(said["said_bytes"] / _MIB, 1),
        "kb_per_s": round(said["sent_bytes"] / took_s / 1e3, 1),
        "readings": stored,
        "readings_missing": records * len(many.names) - stored,
        "readings_twice": most - records,
        "incidents_of_others": len(told),
        "they_are": ", ".join(f"{host or 'centre'} {cause}" for host, cause in told),
        "kills": len(busy_s),
        "kill_known_s_median_quiet": round(median(quiet_s), 3),
        "kill_known_s_median": round(median(busy_s), 3),
        "kill_known_s_max": round(max(busy_s), 3),
        "kill_known_later_s_median": round(median(busy_s) - median(quiet_s), 3),
        "loop_lag_s_max": round(max(lags), 3),
        "aggregator_core_share": round(used_s / took_s, 2),
        "aggregator_rss_mib": peak_mib(aggregator.pid),
        "broker_rss_mib": peak_mib(broker.pid),
        "journal_mib": round(_journal(folder).stat().st_size / _MIB, 1),
    }


@contextlib.contextmanager
def _clients(many: Fleet, folder: Path, records: int) -> Iterator[Asked]:
    command = python("bench.kit.returning", str(many.broker.port), str(records), *many.names)
    with asking(command, log=folder / "returning.log") as clients:
        psutil.Process(clients.pid).nice(5)  # real ones are elsewhere
        yield clients


def _journal(folder: Path) -> Path:
    return folder / "centre" / "journal.sqlite"


def _stored(folder: Path) -> tuple[int, int]:
    """Return how many readings of the spools the journal has, and how many of one host at most."""
    query = (
        "SELECT count(*), count(DISTINCT seq) FROM readings "
        "WHERE boot = ? AND stream = 'vitals' GROUP BY host"
    )
    with contextlib.closing(sqlite3.connect(_journal(folder))) as database:
        rows = database.execute(query, (BOOT,)).fetchall()
    return sum(distinct for _, distinct in rows), max((count for count, _ in rows), default=0)
