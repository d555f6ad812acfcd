"""Measures late beats on a long line that loses packets: an agent's connection beside a stock one.

The line joins two network namespaces, so losses, retransmissions and timeouts are those of this
machine's kernel. All sides share it, in the same seconds, each with as many connections. Each
connection has one beat a second with a phase of its own. The far end sends each a tick a second, as
the centre does, which repeats lost acknowledgements. The sides:

stock: TCP_NODELAY, and a beat is written when it is due.
thin: the same, and the kernel treats the connection as a thin stream.
ours: a thin stream, and a beat is written when the one before is acknowledged; the newest waits.
ours, before the tick: the same, and the beats move to shortly before the tick: an agent. (Over a
round trip of 0.3 s or less they stay where they are.)

A beat is as late as the silence before it was longer than a second. Needs root on Linux.
"""

import argparse
import contextlib
import random
import socket
from collections.abc import Mapping, Sequence

from bench.kit.beating import (
    BEAT_BYTES,
    TICK_BYTES,
    Beater,
    Exchange,
    Holding,
    Listener,
    Pacing,
    Thin,
)
from bench.kit.lateness import Lateness
from bench.kit.long_line import Ends, LongLine, long_line
from bench.kit.members import INTERVAL_S
from bench.kit.processes import BenchError, grant_files
from bench.kit.result import Goal, Result, Row, Value, progress
from venuewatch.base import clock
from venuewatch.base import options as kinds
from venuewatch.base.wire.messages import TICK_EVERY_S

SUMMARY = "how late beats are on a real line that loses packets, beside a stock connection"
PACED = "ours, before the tick"
SIDES: dict[str, type[Beater]] = {"stock": Beater, "thin": Thin, "ours": Holding, PACED: Pacing}
GOALS = (
    Goal("later_than_2_s_against_stock", 0.1),
    Goal("later_than_2_s_against_stock", 0.1, PACED),
)

_SPARE_FILES = 64


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the bench's options."""
    parser.add_argument(
        "--seconds", type=kinds.number(up_to=1e6), default=300.0, help="measured (%(default)g)"
    )
    parser.add_argument(
        "--warm-up",
        type=kinds.number(up_to=1e6, may_be_least=True),
        default=30.0,
        metavar="SECONDS",
        help="before that (%(default)g)",
    )
    parser.add_argument(
        "--connections",
        type=kinds.whole(1, 10_000_000),
        default=250,
        help="of each side (%(default)s)",
    )
    parser.add_argument(
        "--loss",
        type=kinds.number(up_to=1.0, may_be_least=True),
        default=0.05,
        metavar="SHARE",
        help="each way (%(default)g)",
    )
    parser.add_argument(
        "--round-trip",
        type=kinds.number(up_to=1e6, may_be_least=True),
        default=0.58,
        metavar="SECONDS",
        help="(%(default)g)",
    )
    parser.add_argument(
        "--seed", type=kinds.whole(0, 2**63), default=39, help="of losses and phases (%(default)s)"
    )


def run(options: argparse.Namespace) -> Result:
    """Measure.

    Raises:
        BenchError: there is no such line here, or not so many connections.
    """
    heard = {side: Lateness(INTERVAL_S) for side in SIDES}
    wanted = len(SIDES) * options.connections
    with long_line(options.round_trip, options.seed) as line:
        files = 2 * wanted + _SPARE_FILES
        if grant_files(files) < files:
            raise BenchError(f"{wanted} connections need {files} open files")
        progress(f"opening {wanted} connections")
        pairs = line.connect(wanted)
        measured = _measure(line, pairs, heard, options)
        stock = _congestion_control(pairs[0].near)
    conditions = {
        "seconds": options.seconds,
        "warm_up_s": options.warm_up,
        "connections_per_side": options.connections,
        "beat_interval_s": INTERVAL_S,
        "beat_bytes": BEAT_BYTES,
        "tick_every_s": TICK_EVERY_S,
        "tick_bytes": TICK_BYTES,
        "round_trip_s": options.round_trip,
        "loss_each_way": options.loss,
        "seed": options.seed,
        "stock_congestion_control": stock,
        **measured,
    }
    return Result(rows(heard), conditions, GOALS)


def rows(heard: Mapping[str, Lateness]) -> list[Row]:
    """Return a row for each side; all had as many connections, for as long."""
    return [_row(side, lateness, heard["stock"]) for side, lateness in heard.items()]


def _row(side: str, heard: Lateness, stock: Lateness) -> Row:
    late, of_stock = heard.later_than(2.0), stock.later_than(2.0)
    return {
        "side": side,
        "beats": heard.beats,
        **{f"later_than_{late_s}_s": heard.later_than(late_s) for late_s in (1, 2, 3, 4)},
        "latest_s": round(heard.latest_s, 2),
        "later_than_2_s_against_stock": round(late / of_stock, 4) if of_stock else None,
    }


def _measure(
    line: LongLine,
    pairs: Sequence[Ends],
    heard: Mapping[str, Lateness],
    options: argparse.Namespace,
) -> dict[str, Value]:
    """Let all of them beat; return what the line did meanwhile, and how late we were at worst."""
    rng = random.Random(options.seed)
    with contextlib.closing(_exchange(pairs, heard, rng)) as exchange:
        line.lose(options.loss)
        progress(f"warming up for {options.warm_up:g} s")
        exchange.run(clock.monotonic() + options.warm_up)
        for lateness in heard.values():
            lateness.begin()
        before = line.lose(options.loss)
        progress(f"measuring for {options.seconds:g} s")
        end = clock.monotonic() + options.seconds
        worst_lag_s = exchange.run(end)
        for lateness in heard.values():
            lateness.finish(end)
        after = line.lose(options.loss)
    lost = [then.lost - first.lost for first, then in zip(before, after, strict=True)]
    carried = [then.carried - first.carried for first, then in zip(before, after, strict=True)]
    return {
        "packets": sum(lost) + sum(carried),
        "lost_share": round(sum(lost) / max(1, sum(lost) + sum(carried)), 4),
        "bench_late_at_worst_s": round(worst_lag_s, 3),
    }


def _exchange(pairs: Sequence[Ends], heard: Mapping[str, Lateness], rng: random.Random) -> Exchange:
    """Give the connections to the sides in turn, each with a phase of its own."""
    start = clock.monotonic()
    exchange = Exchange(start)
    names = list(heard)
    for number, pair in enumerate(pairs):
        side = names[number % len(names)]
        phase_s = rng.uniform(0.0, INTERVAL_S)
        beater = SIDES[side](pair.near, start + phase_s, f"host-{number}")
        exchange.join(pair, beater, Listener(pair.far, number, heard[side]))
    return exchange


def _congestion_control(sock: socket.socket) -> str:
    told = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16)
    return told.partition(b"\0")[0].decode()
