"""Cost of a fork of the core: for a few hosts and for the whole of a big fleet.

A fork is an independent copy of the whole centre, for a drill beside the real fleet. On a running
loop it is made in pieces, and the longest piece is what the loop has to wait for. Python's cyclic
collector is off for the pieces, since it is the whole process that it stops; with it on, the piece
in which it passes over all objects is listed by itself.
"""

import argparse
import gc
from collections.abc import Sequence
from statistics import median
from time import process_time

from aggregator.core.centre import Centre
from bench.detect import Ours
from bench.kit.result import Goal, Result, Row, progress
from venuewatch.base.options import whole

SUMMARY = "CPU of a fork of the core, whole and in pieces, at 30 and 15,000 hosts"
GOALS = (
    Goal("whole_ms_median", 5.0, "ours_30"),
    Goal("whole_ms_median", 500.0, "ours_15000"),
    Goal("longest_piece_ms_median", 20.0, "ours_15000"),
)
FLEETS = (30, 15_000)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what can be chosen."""
    parser.add_argument(
        "--rounds", type=whole(1, 10_000_000), default=9, help="forks of each kind (%(default)s)"
    )


def run(options: argparse.Namespace) -> Result:
    """Measure each size of fleet."""
    rows: list[Row] = []
    for hosts in FLEETS:
        centre = Ours(hosts, 1.0, with_readings=True).centre
        whole, pieces, collected = [], [], []
        for _ in range(options.rounds):
            began = process_time()
            centre.fork()
            whole.append((process_time() - began) * 1e3)
            collected.append(max(_pieces_ms(centre)))
            gc.collect()
            gc.disable()
            pieces.append(_pieces_ms(centre))
            gc.enable()
        longest = [max(found) for found in pieces]
        progress(f"{hosts} hosts: {median(whole):.1f} ms, longest piece {median(longest):.1f} ms")
        rows.append(
            {
                "side": f"ours_{hosts}",
                "whole_ms_median": round(median(whole), 2),
                "whole_ms_max": round(max(whole), 2),
                "pieces": len(pieces[0]),
                "in_pieces_ms_median": round(median(map(sum, pieces)), 2),
                "longest_piece_ms_median": round(median(longest), 2),
                "longest_piece_ms_max": round(max(longest), 2),
                "longest_with_collector_ms_median": round(median(collected), 2),
            }
        )
    return Result(rows, {"rounds": options.rounds}, GOALS)


def _pieces_ms(centre: Centre) -> Sequence[float]:
    times, began = [], process_time()
    for _ in centre.fork_in_pieces():
        ended = process_time()
        times.append((ended - began) * 1e3)
        began = process_time()
    return times
