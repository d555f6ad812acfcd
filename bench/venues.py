"""Measures for how long a fleet takes to come in, by ``venuewatch venue add``, a command a venue.

Each command is a process of its own, as an operator types it. Nothing is reloaded: no broker and no
aggregator runs. The last command has the most to write, since access rules, packet filter and
register are of the whole fleet.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from bench.kit.processes import ROOT, BenchError
from bench.kit.result import Goal, Result, Row, progress
from venuewatch.base import clock
from venuewatch.base.options import whole

SUMMARY = "for how long 39 venues take to come in, a command each"
GOALS = (Goal("all_s", 30.0, "39 venues of 40"),)

_PROGRAM: Final = "import sys; from venuewatch.cli import main; sys.exit(main())"
_PASSPHRASE: Final = "of a bench alone"  # noqa: S105 - of no authority that is used


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the bench's options."""
    parser.add_argument("--venues", type=whole(1, 200), default=39, help="(%(default)s)")
    parser.add_argument("--hosts", type=whole(1, 250), default=40, help="a venue (%(default)s)")


def run(options: argparse.Namespace) -> Result:
    """Bring all venues in; the goal is for 39 of 40 hosts."""
    side = f"{options.venues} venues of {options.hosts}"
    with tempfile.TemporaryDirectory(prefix="venuewatch-venues-") as name:
        place = Path(name)
        _write_settings(place)
        took = []
        for at in range(options.venues):
            began = clock.monotonic()
            _add(place, f"V{at:03}", at, options.hosts)
            took.append(clock.monotonic() - began)
        rules = (place / "rules.acl").stat().st_size
    progress(f"{side}: {sum(took):.1f} s")
    row: Row = {
        "side": side,
        "all_s": round(sum(took), 2),
        "first_s": round(took[0], 2),
        "last_s": round(took[-1], 2),
        "rules_bytes": rules,
    }
    return Result([row], {}, [goal for goal in GOALS if goal.side == side])


def _write_settings(place: Path) -> None:
    own = {
        "broker_address": '"127.0.0.1"',
        "acl_file": '"rules.acl"',
        "broker_folder": '"broker"',
        "reload_broker": "[]",
        "reload_aggregator": "[]",
    }
    lines = "".join(f"{key} = {value}\n" for key, value in own.items())
    (place / "venues.toml").write_text(lines, encoding="utf-8")
    secret = place / "passphrase"
    secret.touch(0o600)
    secret.write_text(_PASSPHRASE, encoding="utf-8")


def _add(place: Path, code: str, number: int, hosts: int) -> None:
    """Give the command of one venue.

    Raises:
        BenchError: it failed.
    """
    rows = [f"{code}-{at},results,10.{number}.0.{at + 1}\n" for at in range(hosts)]
    (place / "hosts.csv").write_text("".join(["host,role,address\n", *rows]), encoding="utf-8")
    text = f'uplink_addresses = ["10.{number}.0.0/16"]\n'
    (place / "venue.toml").write_text(text, encoding="utf-8")
    files = ["--venue", "venue.toml", "--hosts", "hosts.csv", "--settings", "venues.toml"]
    secret = ["--passphrase-file", "passphrase"]
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, "venue", "add", code, *files, *secret],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BenchError(f"venue add {code}: {done.stderr.strip()}")
