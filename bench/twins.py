"""Counts how often two real agents of one name take it from each other, minute by minute.

There is a real Mosquitto, a real aggregator, and three agents: two of one name, and a third one
that nobody should touch. What counts is how often another boot beats under the name, as the
aggregator's metrics say it. Each is a takeover, or a return after the other one has made way.
"""

import argparse
import threading
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.kit.processes import free_port
from bench.kit.result import Goal, Result, Row, progress
from venuewatch.base import clock
from venuewatch.base.options import whole
from venuewatch.rehearsal.live.servers import Agent, Aggregator, Mosquitto

SUMMARY = "takeovers of two agents under one name, minute by minute"
GOALS = (
    Goal("named_after_s", 10.0),
    Goal("in_the_first_minute", 6.0),
    Goal("in_any_later_minute", 2.0),
    Goal("a_minute_after_5", 1.0),
    Goal("other_incidents", 0.0),
)
_MINUTE_S = 60.0
_LOOK_EVERY_S = 0.25
_SETTLED = 5  # minutes
_INVENTORY = (
    '[[venue]]\ncode = "STA"\nlink = "wired"\n[[venue.host]]\nname = "STA-1"\n'
    '[[venue.host]]\nname = "STA-2"\n'
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what can be chosen."""
    parser.add_argument(
        "--minutes", type=whole(1, 1_000), default=15, help="how long (%(default)s)"
    )


def run(options: argparse.Namespace) -> Result:
    """Let the two take turns, and count."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        web, mqtt = free_port(), free_port()
        with (
            Mosquitto(folder, port=mqtt),
            Aggregator(folder, mqtt, inventory=_INVENTORY, web_port=web) as aggregator,
            _agent(folder, mqtt, "STA-1", "first"),
            _agent(folder, mqtt, "STA-2", "other"),
        ):
            for host in ("STA-1", "STA-2"):
                aggregator.wait_for(host, "up", within_s=_MINUTE_S)
            with _agent(folder, mqtt, "STA-1", "clone"):
                row = _watched(aggregator, options.minutes)
    return Result([row], {"minutes": options.minutes}, GOALS)


def _agent(folder: Path, mqtt: int, host: str, name: str) -> Agent:
    """Return an agent with a folder, and so a spool, of its own."""
    own = folder / name
    own.mkdir()
    return Agent(own, mqtt, host)


def _watched(aggregator: Aggregator, minutes: int) -> Row:
    began, named_after_s, counts = clock.monotonic(), None, [_taken(aggregator)]
    for minute in range(1, minutes + 1):
        while (passed_s := clock.monotonic() - began) < minute * _MINUTE_S:
            if named_after_s is None and _told(aggregator, is_named=True):
                named_after_s = round(passed_s, 2)
            threading.Event().wait(_LOOK_EVERY_S if minute == 1 else 1.0)
        counts.append(_taken(aggregator))
        progress(f"minute {minute}: {counts[-1] - counts[-2]:g} times another boot")
    by_minute = [after - before for before, after in pairwise(counts)]
    settled = by_minute[_SETTLED:]
    return {
        "side": "ours",
        "named_after_s": named_after_s,
        "in_the_first_minute": by_minute[0],
        "in_any_later_minute": max(by_minute[1:], default=None),
        "a_minute_after_5": round(sum(settled) / len(settled), 2) if settled else None,
        "all": sum(by_minute),
        "incidents": _told(aggregator, is_named=True),
        "other_incidents": _told(aggregator, is_named=False),
    }


def _taken(aggregator: Aggregator) -> float:
    return aggregator.value("venuewatch_host_restarts_total", host="STA-1") or 0.0


def _told(aggregator: Aggregator, *, is_named: bool) -> int:
    """Count the incidents that tell of the two, or all others."""
    told = aggregator.incidents().incidents
    return sum((each.cause == "duplicate_identity") is is_named for each in told)
