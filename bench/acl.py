"""Measures for how long the broker stops while it reads its access rules again.

The rules are those that ``venuewatch venue`` writes: a block of literal lines for each host. Every
host is connected, because Mosquitto then looks up the block of each. One more client asks for an
answer (PINGREQ) as soon as it has the last one; the longest wait for one is the stop. Each reload
is by SIGHUP, as ``systemctl reload mosquitto`` sends it.
"""

import argparse
import os
import random
import signal
import socket
import tempfile
from collections.abc import Iterable
from pathlib import Path
from statistics import median

from aggregator.inventory import HostEntry, VenueEntry
from bench.kit.attacks import connected
from bench.kit.members import gather, place
from bench.kit.mosquitto import Broker, mosquitto
from bench.kit.processes import LOOPBACK, BenchError, grant_files, last_line
from bench.kit.result import Goal, Result, Row, progress
from venuewatch.base import clock
from venuewatch.base.options import number, whole
from venuewatch.venue import acl

SUMMARY = "for how long the broker stops while it reads its access rules again"
GOALS = (Goal("reload_longest_ms", 100.0, "1500 hosts"),)

_ASK, _ANSWER = b"\xc0\x00", b"\xd0\x00"  # PINGREQ, PINGRESP (MQTT 5, 3.12, 3.13)
_PATIENCE_S = 60.0
_SPARE_FILES = 64
_RELOADED = "Reloading config"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the bench's options."""
    parser.add_argument(
        "--hosts",
        type=whole(1, 60_000),
        nargs="+",
        default=[1_500, 15_000],
        help="of the fleets, one after the other (1500 15000)",
    )
    parser.add_argument(
        "--rounds", type=whole(1, 1_000), default=5, help="reloads of each (%(default)s)"
    )
    parser.add_argument(
        "--seconds",
        type=number(up_to=1e4),
        default=2.0,
        help="how long each reload is watched, and the quiet before it (%(default)g)",
    )


def run(options: argparse.Namespace) -> Result:
    """Measure each size; the goal is for 1,500 hosts."""
    rows = [_row(hosts, options) for hosts in options.hosts]
    sides = {row["side"] for row in rows}
    conditions = {"rounds": options.rounds, "seconds": options.seconds}
    return Result(rows, conditions, [goal for goal in GOALS if goal.side in sides])


def rules_of(hosts: int) -> str:
    """Return the access rules of so many hosts, over 39 venues."""
    names: dict[str, list[HostEntry]] = {}
    for index in range(hosts):
        venue, host = place(index)
        names.setdefault(venue, []).append(HostEntry(host))
    venues = [VenueEntry(code, host=tuple(entries)) for code, entries in names.items()]
    return acl.rules(venues, ["aggregator"])


def _row(hosts: int, options: argparse.Namespace) -> Row:
    grant_files(hosts + _SPARE_FILES)
    with tempfile.TemporaryDirectory(prefix="venuewatch-acl-") as name:
        folder = Path(name)
        rules = folder / "venuewatch.acl"
        text = rules_of(hosts)
        rules.write_text(text, encoding="utf-8")
        with mosquitto(folder, clients=hosts, rules=rules) as broker:
            members, why = gather(broker.port, hosts, random.Random(0), has_users=True)
            try:
                if len(members) < hosts:
                    raise BenchError(f"{len(members)} of {hosts} hosts could connect: {why}")
                quiet, stops = _watched(broker, options)
                if not all(_is_open(member.sock) for member in members):
                    raise BenchError("the broker ended connections of hosts meanwhile")
            finally:
                for member in members:
                    member.sock.close()
            _check_reloads(folder / "mosquitto.log", options.rounds)
    progress(f"{hosts} hosts: the longest stop {max(stops) * 1e3:.1f} ms")
    return {
        "side": f"{hosts} hosts",
        "rules_bytes": len(text),
        "reload_median_ms": round(median(stops) * 1e3, 2),
        "reload_longest_ms": round(max(stops) * 1e3, 2),
        "quiet_longest_ms": round(max(quiet) * 1e3, 2),
    }


def _watched(broker: Broker, options: argparse.Namespace) -> tuple[list[float], list[float]]:
    """Return the longest waits (s) for an answer: while it was quiet, and over each reload."""
    quiet, stops = [], []
    with connected(LOOPBACK, broker.port, "_watch") as sock:
        sock.settimeout(_PATIENCE_S)
        for _ in range(options.rounds):
            quiet.append(_longest_s(sock, options.seconds))
            _reload(broker)
            stops.append(_longest_s(sock, options.seconds))
    return quiet, stops


def _reload(broker: Broker) -> None:
    os.kill(broker.pid, signal.SIGHUP)


def _longest_s(sock: socket.socket, for_s: float) -> float:
    """Ask again and again; return the longest wait (s) for an answer.

    Raises:
        BenchError: the broker gives none.
    """
    longest_s, now = 0.0, clock.monotonic()
    end = now + for_s
    while now < end:
        asked = now
        try:
            sock.sendall(_ASK)
            said = sock.recv(64)
        except OSError as error:
            raise BenchError(f"the broker does not answer: {error}") from None
        if said != _ANSWER:
            raise BenchError("the broker ended the connection")
        now = clock.monotonic()
        longest_s = max(longest_s, now - asked)
    return longest_s


def _is_open(sock: socket.socket) -> bool:
    try:
        return sock.recv(64) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def _check_reloads(log: Path, rounds: int) -> None:
    """Check that the broker has read its files as often as it was told to.

    Raises:
        BenchError: it has not.
    """
    lines: Iterable[str] = log.read_text(encoding="utf-8", errors="replace").splitlines()
    found = sum(_RELOADED in line for line in lines)
    if found != rounds:
        raise BenchError(f"the broker read its files {found} times: {last_line(log)}")
