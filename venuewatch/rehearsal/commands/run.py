"""Runs ``venuewatch rehearse run``: plays a run sheet, and writes the file of the run."""

import argparse
import json
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Final

from aggregator.inventory import Inventory
from venuewatch import __version__
from venuewatch.base.config import USAGE_ERROR, ConfigError, one_line
from venuewatch.base.options import whole
from venuewatch.rehearsal import faults, long_work
from venuewatch.rehearsal.plan import catalogue, folder
from venuewatch.rehearsal.plan.sheet import RunSheet, check_fleet, digest_of_sheet
from venuewatch.rehearsal.plan.terms import PlanError
from venuewatch.rehearsal.playing import simulation
from venuewatch.rehearsal.runfile.database import RunFileError
from venuewatch.rehearsal.runfile.file import RunFile
from venuewatch.rehearsal.scenario import Mode, Scenario
from venuewatch.rehearsal.work import IsStopped
from venuewatch.terminal import output

RUN = "run.sqlite"
MODE: Final[Mode] = "simulated"

_JOBS_MAX = 1_024
_SUMMARY = """\
Plays the scenarios of a run sheet with the real core, on a virtual clock: days in minutes. Each
fault is seen by a witness, what the monitor says is heard by a reader and by a receiver, and all of
it is written into the file of the run. `venuewatch rehearse score` and `report` read that.
"""
_EXAMPLES = """\
examples:
  venuewatch rehearse run plan
      all of it; the run is plan/run.sqlite
  venuewatch rehearse run plan --run monday.sqlite --only STA --only uplink_cut
      only scenarios at venue STA, and those of kind uplink_cut
  venuewatch rehearse run plan --resume
      go on with a run that was interrupted or killed

exit code: 0 all of it was played, 2 a file can not be used, 130 interrupted; --resume goes on
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.description = _SUMMARY
    parser.epilog = _EXAMPLES
    parser.add_argument("plan", metavar="PLAN", type=Path, help="the folder of a run sheet")
    parser.add_argument("--run", metavar="FILE", type=Path, help=f"of the run (PLAN/{RUN})")
    parser.add_argument(
        "--inventory",
        type=Path,
        metavar="FILE",
        help="the one that the plan was made for; without it the standard fleet",
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="KIND|VENUE",
        help="scenarios of this kind, or at this venue; may be repeated",
    )
    parser.add_argument("--resume", action="store_true", help="go on with the run that is there")
    parser.add_argument(
        "--allow", action="store_true", help="go on although the run was aborted; with --resume"
    )
    parser.add_argument(
        "--jobs", type=whole(1, _JOBS_MAX), metavar="N", help="processes at a time; one a core"
    )
    parser.add_argument("--json", action="store_true", help="for a program")


def run(options: argparse.Namespace) -> int:
    """Play, print, and return the exit code."""
    try:
        inventory = catalogue.read_fleet(options)
        sheet = folder.read(options.plan)
        check_fleet(sheet, inventory)
        with _opened(options, sheet) as file, long_work.interrupts() as is_stopped:
            return _play(file, inventory, options, is_stopped=is_stopped)
    except (ConfigError, RunFileError) as error:
        print(error, file=sys.stderr)
    except PlanError as error:
        print(f"{options.plan}: {error}", file=sys.stderr)
    return USAGE_ERROR


def _play(
    file: RunFile,
    inventory: Inventory,
    options: argparse.Namespace,
    *,
    is_stopped: IsStopped,
) -> int:
    with long_work.bar("playing") as on_progress:
        simulation.play(
            file, inventory, jobs=options.jobs, on_progress=on_progress, is_stopped=is_stopped
        )
    counts = simulation.counts(file)
    with output.reader_may_leave():
        if options.json:
            print(json.dumps({"run": str(file.path), "scenarios": counts}))
        else:
            said = ", ".join(f"{number:,} {state}" for state, number in sorted(counts.items()))
            print(f"{file.path}: {said}")
            print(f"what came of it: venuewatch rehearse score {file.path}")
    return long_work.INTERRUPTED if is_stopped() else 0


def _opened(options: argparse.Namespace, sheet: RunSheet) -> RunFile:
    path: Path = options.run or _beside(options.plan)
    digest = digest_of_sheet(sheet)
    if options.resume:
        return _resumed(path, digest, is_allowed=options.allow)
    scenarios = _chosen(sheet, options.only)
    versions = {"venuewatch": __version__}
    file = RunFile.create(
        path, scenarios, plan=digest, mode=MODE, seed=sheet.seed, versions=versions
    )
    file.take_control()
    return file


def _resumed(path: Path, digest: str, *, is_allowed: bool) -> RunFile:
    file = RunFile.open(path)
    try:
        file.check_plan(digest)
        _check_mode(path, file.about().mode)
        file.take_control()
        if is_allowed:
            file.allow()
        file.check_may_begin()
    except BaseException:
        file.close()
        raise
    return file


def _check_mode(path: Path, mode: Mode) -> None:
    if mode != MODE:
        raise RunFileError(f"{one_line(path)}: expected a {MODE} run, got a {mode} one")


def _beside(plan: Path) -> Path:
    return (plan if plan.is_dir() else plan.parent) / RUN


def _chosen(sheet: RunSheet, only: Collection[str]) -> list[Scenario]:
    """Return the scenarios that are asked for.

    Raises:
        PlanError: none is, or one needs a fault that is no longer there.
    """
    scenarios = [row.scenario for row in sheet.rows]
    kinds_and_venues = {one for each in scenarios for one in (each.kind, *each.venues)}
    for one in only:
        if one not in kinds_and_venues:
            raise PlanError("only", f"expected a kind or a venue of the plan, got {one!r}")
    asked = [
        each for each in scenarios if not only or not {each.kind, *each.venues}.isdisjoint(only)
    ]
    chosen = [each for each in asked if MODE in each.modes]
    if len(chosen) < len(asked):
        kinds = ", ".join(sorted({each.kind for each in asked if MODE not in each.modes}))
        print(f"left out, as they can't be simulated: {kinds}", file=sys.stderr)
    known = faults.names()
    for each in chosen:
        for order in each.orders:
            if order.fault not in known:
                raise PlanError(
                    "faults",
                    f"expected fault {order.fault!r} of scenario {each.number}, which is no longer "
                    f"there",
                )
    return chosen
