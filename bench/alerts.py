"""Proves what the one on duty is told of outages, with the shipped times, by rules and by push.

Each side is a whole chain of its own, and all run side by side: real Mosquitto, aggregators,
Prometheus and Alertmanager with the shipped files, and a receiver. A venue of 40 hosts is cut and a
host of another venue is killed. While they are down,

- the only aggregator is frozen until a scrape fails, and restarted (by rules); or restarted, killed
  for three minutes, and frozen for three minutes (by push);
- of two aggregators one is killed or stopped, again and again.

Then both come back. At the sides with one aggregator further venues are cut after that, one by one.
An outage has to be told once, and its end once: whatever else is told of it counts as wrong.
Takes some 12 minutes.
"""

import argparse
import multiprocessing
import signal
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench.kit.machine import program
from bench.kit.processes import BenchError
from bench.kit.result import Goal, Result, Row, progress
from tests.integration.chain import (
    BESIDE_PUSH,
    BY_RULES,
    HOST,
    HOSTS,
    SHIPPED,
    TWO,
    VENUE,
    Chain,
    end_of,
    outage,
    outage_while_one_of_two_flaps,
    running,
)
from tests.integration.duty import Told
from venuewatch.base import clock
from venuewatch.base import options as kinds

SUMMARY = "notices of an outage on the real chain: how soon, how often, and none that is wrong"

OF_THE_SWITCH = {"VenuewatchIncidentsToldTwice", "VenuewatchIncidentsNotTold"}
"""Alerts of the monitor itself that are wrong here; that it is gone may be right."""

FLAPPING = SHIPPED._replace(aways_s=(20.0,))
_SERVERS = ("mosquitto", "prometheus", "prometheus-alertmanager")


class Side(NamedTuple):
    """One chain: Prometheus' rules, the aggregators, and further venues to be cut at the end."""

    rules: str
    names: Sequence[str]
    more: Sequence[str] = ()


SIDES = {
    "rules": Side(BY_RULES, TWO[:1], [f"V{at}" for at in range(1, 8)]),
    "push": Side(BESIDE_PUSH, TWO[:1], [f"V{at}" for at in range(1, 5)]),
    "rules, two aggregators": Side(BY_RULES, TWO),
    "push, two aggregators": Side(BESIDE_PUSH, TWO),
}
GOALS = (
    Goal("told_after_cut_s_max", 15.0, "rules"),
    Goal("told_after_decision_s_max", 3.0, "push"),
    *(Goal("wrong_notices", 0, side) for side in SIDES),
    *(Goal("false_clock_skew", 0, side) for side in SIDES),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the bench's options."""
    parser.add_argument(
        "--seconds",
        type=kinds.number(up_to=1e6),
        default=520.0,
        help="for how long one of two aggregators flaps (%(default)g)",
    )


def run(options: argparse.Namespace) -> Result:
    """Run all chains.

    Raises:
        BenchError: a server is not installed, or something did not happen.
    """
    for name in _SERVERS:
        if program(name) is None:
            raise BenchError(f"{name} is not installed")
    chains = ProcessPoolExecutor(
        len(SIDES),
        multiprocessing.get_context("spawn"),
        initializer=_be_interrupted_once,
    )
    with tempfile.TemporaryDirectory(prefix="venuewatch-bench-") as folder, chains:
        places = [Path(folder) / str(at) for at in range(len(SIDES))]
        try:
            rows = list(chains.map(_row, SIDES, places, [options.seconds] * len(SIDES)))
        except BaseException as error:
            for child in multiprocessing.active_children():
                child.terminate()
            if isinstance(error, AssertionError):  # what is polled for did not come
                raise BenchError(str(error)) from None
            raise
    conditions = {
        "hosts_of_a_cut_venue": HOSTS,
        "group_interval_s": SHIPPED.group_s,
        "resend_s": SHIPPED.resend_s,
        "ends_after_s": SHIPPED.ends_after_s,
        "away_s": max(SHIPPED.aways_s),
        "flapping_s": options.seconds,
    }
    return Result(rows, conditions, GOALS)


def _be_interrupted_once() -> None:
    """Have the first signal end this chain, with all that it has started, and ignore others."""
    ending = (signal.SIGINT, signal.SIGTERM)

    def interrupt(*_: object) -> None:
        for number in ending:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in ending:
        signal.signal(number, interrupt)


def _row(name: str, folder: Path, flaps_s: float) -> Row:
    side, began = SIDES[name], clock.monotonic()
    folder.mkdir()
    is_one = len(side.names) == 1
    pace = SHIPPED if is_one else FLAPPING
    with running(folder, pace, rules=side.rules, names=side.names, more=side.more) as chain:
        progress(f"{name}: all are up")
        settled = clock.monotonic()
        heard = outage(chain) if is_one else outage_while_one_of_two_flaps(chain, flaps_s)
        progress(f"{name}: the outage is over")
        cuts = [heard.cut]
        for code in side.more:
            cuts.append(chain.cut(code))
            chain.mend(code)
        watched_s = clock.monotonic() - settled
        wrong = wrong_notices(chain, side)
        skewed = sum(
            line["cause"] == "clock_skew"
            for aggregator in chain.aggregators
            for line in aggregator.events("incident")
        )
    for told, times in wrong.items():
        progress(f"{name}: wrong: {told}, {times} times")
    progress(f"{name}: done after {clock.monotonic() - began:.0f} s")
    return {
        "side": name,
        "watched_s": round(watched_s),
        "faults_of_an_aggregator": heard.faults,
        "outages": len(cuts) + 1,
        "wrong_notices": sum(wrong.values()),
        "false_clock_skew": skewed,
        "told_after_cut_s_median": round(median(cut.after_cut_s for cut in cuts), 2),
        "told_after_cut_s_max": round(max(cut.after_cut_s for cut in cuts), 2),
        "told_after_decision_s_max": round(max(cut.after_decision_s for cut in cuts), 2),
    }


def wrong_notices(chain: Chain, side: Side) -> Counter[Told]:
    """Count what was told beyond each outage once and its end once, and what was not told."""
    venues = [VENUE, *(VENUE._replace(of=code) for code in side.more)]
    expected = Counter(told for begin in (*venues, HOST) for told in (begin, end_of(begin)))
    told = Counter(one for one in chain.duty.told() if one.of or one.alert in OF_THE_SWITCH)
    return (told - expected) + (expected - told)
