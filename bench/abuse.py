"""Measures what one abusive host costs the others: how soon a kill elsewhere is known and told.

Real Mosquitto, real aggregator, and a connection of its own for each host of the fleet. Hosts are
killed before any abuse and during each kind of it: with it a kill may take twice the quiet time,
or 1 s more where that is longer, and at worst 2 s more. The attackers are other hosts each time.
With ``--packet-filter`` they come over a cable between network namespaces, and each attacks twice:
without the filter of ``deploy/nftables``, and with it.
"""

import argparse
import contextlib
import tempfile
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench.kit.abused import Centre, Kill, attacked, can_be_named, centre, naming, others
from bench.kit.attacks import ATTACKS, CONNECTIONS, STRANGERS
from bench.kit.cable import CENTRE, Cable, cable
from bench.kit.machine import package_version
from bench.kit.members import place
from bench.kit.processes import BenchError, forget_peak, pause, peak_mib
from bench.kit.result import Goal, Result, Row, progress
from venuewatch.base import clock
from venuewatch.base.options import whole
from venuewatch.rehearsal.stage.machine import StageError, entered

SUMMARY = "one abusive host among 1,500: kills elsewhere, memory, journal, and who is named"
QUIET = "quiet"

_ALL = (*ATTACKS, CONNECTIONS, STRANGERS)
_LIMITS = {
    "median_beyond_allowed_s": 0.0,
    "worst_beyond_allowed_s": 0.0,
    "told_worst_s": 10.0,
    "broker_rss_mib": 512.0,
    "aggregator_rss_mib": 256.0,
    "journal_mb_per_s": 1.0,
    "unnamed": 0.0,
    "other_incidents": 0.0,
}
_SETTLE_S = 2.0
_ABUSE_S = 13  # a host is named when it has been over its budget for 10 s
_FILTERED = ", filtered"
_DROPPED = ("unknown_new", "unknown_open", "unknown_bytes")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the bench's options."""
    parser.add_argument(
        "--hosts", type=whole(10, 15_000), default=1_500, help="of the fleet (%(default)s)"
    )
    parser.add_argument(
        "--kills", type=whole(1, 100), default=10, help="before, and in each attack (%(default)s)"
    )
    parser.add_argument(
        "--attacks", nargs="+", choices=_ALL, default=_ALL, help="which (all of them)"
    )
    parser.add_argument(
        "--seconds", type=whole(1, 3_600), default=_ABUSE_S, help="of abuse, or more (%(default)s)"
    )
    parser.add_argument(
        "--per-second",
        type=whole(1, 10_000_000),
        default=50_000,
        help="messages at most (%(default)s)",
    )
    parser.add_argument(
        "--packet-filter", action="store_true", help="each attack without and with it; needs root"
    )
    parser.add_argument("--tls", action="store_true", help="between broker and aggregator")


def run(options: argparse.Namespace) -> Result:
    """Measure.

    Raises:
        BenchError: a program is not installed or does not start, or there are too few hosts.
    """
    sides: list[str] = list(options.attacks)
    if options.packet_filter:
        sides = [side for attack in sides for side in (attack, attack + _FILTERED)]
    needed = len(sides) + options.kills * (1 + len(sides))
    if needed > options.hosts:
        raise BenchError(f"expected --hosts of {needed} or more for so many kills")
    if options.tls and package_version("trustme") is None:
        raise BenchError("trustme is not installed, so there are no certificates for TLS")
    try:
        with tempfile.TemporaryDirectory(prefix="bench-") as name, contextlib.ExitStack() as stack:
            rows = _rows(Path(name), options, sides, stack)
    except StageError as error:
        raise BenchError(str(error)) from None
    conditions = {
        "hosts": options.hosts,
        "kills_each": options.kills,
        "tls": str(options.tls),
        "per_second": options.per_second,
    }
    return Result(rows, conditions, _goals(sides))


def _rows(
    folder: Path, options: argparse.Namespace, sides: list[str], stack: contextlib.ExitStack
) -> list[Row]:
    laid = None
    if options.packet_filter:
        laid = stack.enter_context(cable())
        stack.enter_context(entered(laid.centre.namespace))
    outside = "" if laid is None else CENTRE[0]
    abused = stack.enter_context(centre(folder, options.hosts, is_tls=options.tls, outside=outside))
    abused.next = len(sides)  # the first hosts attack
    quiet = _kills_row(abused, QUIET, [abused.kill() for _ in range(options.kills)])
    rows = [quiet]
    for number, side in enumerate(sides):
        attack = Attack(side, number, options.kills, options.seconds, options.per_second, laid)
        row = _attacked_row(abused, folder, attack)
        _hold_against(row, float(quiet["known_median_s"] or 0.0))
        rows.append(row)
        abused.settle()
    return rows


class Attack(NamedTuple):
    """What a host does: ``side``; which host, how many are killed, how long (s), how fast."""

    side: str
    number: int
    kills: int
    seconds: float
    per_second: int
    laid: Cable | None

    @property
    def what(self) -> str:
        """The attack."""
        return self.side.removesuffix(_FILTERED)

    @property
    def is_filtered(self) -> bool:
        """Whether the packet filter is loaded."""
        return self.side.endswith(_FILTERED)


def _goals(attacks: list[str]) -> list[Goal]:
    return [
        Goal(key, limit, attack)
        for attack in attacks
        for key, limit in _LIMITS.items()
        if key != "unnamed" or can_be_named(attack.removesuffix(_FILTERED))
    ]


def _attacked_row(abused: Centre, folder: Path, attack: Attack) -> Row:
    side, number, laid = attack.side, attack.number, attack.laid
    pids = {"broker": abused.broker.pid, "aggregator": abused.aggregator.pid}
    before = max((each["number"] for each in abused.incidents()), default=0)
    for pid in pids.values():
        forget_peak(pid)
    if laid is not None and attack.is_filtered:
        laid.load_filter(abused.broker.port)
    size, began = abused.journal_bytes(), clock.monotonic()
    with attacked(abused, folder, attack.what, number, attack.per_second, laid) as attacker:
        pause(_SETTLE_S)
        row = _kills_row(abused, side, [abused.kill() for _ in range(attack.kills)])
        pause(max(0.0, began + attack.seconds - clock.monotonic()))
        new = [each for each in abused.incidents() if each["number"] > before]
        took_s = clock.monotonic() - began
        counts = attacker.ask()
    if laid is not None and attack.is_filtered:
        row["packets_dropped"] = sum(map(laid.dropped, _DROPPED))
        laid.unload_filter()
    host = place(number)[1]
    attackers = {place(each)[1] for each in range(number + 1)}  # one may be told of late
    wrong = others(new, attackers | abused.killed)
    if wrong:
        progress(f"{side}: others were accused: {', '.join(wrong)}")
    named = naming(new, host)
    rss = {f"{name}_rss_mib": round(peak_mib(pid) or 0.0, 1) for name, pid in pids.items()}
    return {
        **row,
        "sent_per_s": round(counts["sent"] / took_s, 1),
        "connections_ended": counts["ended"],
        **rss,
        "journal_mb_per_s": round((abused.journal_bytes() - size) / 1e6 / took_s, 3),
        "named": " ".join(named) or "nowhere",
        "unnamed": int(not named),
        "other_incidents": len(wrong),
    }


def _kills_row(abused: Centre, side: str, kills: list[Kill]) -> Row:
    known_s = [kill.known_s for kill in kills]
    told_s = [abused.told_s(kill) for kill in kills]
    progress(f"{side}: known after {median(known_s):.2f} s, {max(known_s):.2f} s at worst")
    return {
        "side": side,
        "known_median_s": round(median(known_s), 3),
        "known_worst_s": round(max(known_s), 3),
        "told_worst_s": round(max(told_s), 3),
    }


def _hold_against(row: Row, quiet_s: float) -> None:
    """Add by how much a row is beyond what is allowed; below 0 it is within that."""
    median_s, worst_s = float(row["known_median_s"] or 0.0), float(row["known_worst_s"] or 0.0)
    row["median_beyond_allowed_s"] = round(median_s - max(2 * quiet_s, quiet_s + 1.0), 3)
    row["worst_beyond_allowed_s"] = round(worst_s - (quiet_s + 2.0), 3)
