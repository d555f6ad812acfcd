"""Runs ``venuewatch rehearse run``: plays a run sheet, and writes the file of the run."""

import argparse
import itertools
import json
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from aggregator.inventory import Inventory
from venuewatch import __version__
from venuewatch.base.config import USAGE_ERROR, ConfigError, in_words, one_line
from venuewatch.base.options import number, whole
from venuewatch.base.refusals import unknown
from venuewatch.rehearsal import faults, long_work
from venuewatch.rehearsal.kinds.model import Kind
from venuewatch.rehearsal.kinds.subjects import CAUSES
from venuewatch.rehearsal.live import room
from venuewatch.rehearsal.plan import catalogue, folder
from venuewatch.rehearsal.plan.sheet import RunSheet, check_fleet, check_kinds, digest_of_sheet
from venuewatch.rehearsal.plan.terms import PlanError
from venuewatch.rehearsal.playing import pace, simulation
from venuewatch.rehearsal.playing.sitting import play_sitting
from venuewatch.rehearsal.runfile.database import RunFileError
from venuewatch.rehearsal.runfile.file import RunFile
from venuewatch.rehearsal.scenario import MODES, Mode, Scenario
from venuewatch.rehearsal.stage.machine import StageError
from venuewatch.rehearsal.work import IsStopped, WorkerLostError
from venuewatch.terminal import output

RUN: Final = "run.sqlite"
_JOBS_MAX = 1_024
_MINUTES_MAX = 100_000.0
_S_PER_MINUTE = 60.0
_PACES: Final = ("fast", "clock")
_SUMMARY = """\
Plays the scenarios of a run sheet. Simulated: with the real core on a virtual clock, days in
minutes. Live: with real agents, a real broker and a real aggregator, in network namespaces of this
machine, which needs root on Linux. Each fault is seen by a witness, what the monitor says is heard
by a reader and by a receiver, and all of it is written into the file of the run. `venuewatch
rehearse score` and `report` read that.
"""
_EXAMPLES = """\
examples:
  venuewatch rehearse run plan
      all of it; the run is plan/run.sqlite
  venuewatch rehearse run plan --run monday.sqlite --only STA --only uplink_cut
      only scenarios at venue STA, and those of kind uplink_cut
  venuewatch rehearse run plan --resume
      go on with a run that was interrupted or killed
  sudo venuewatch rehearse run plan --mode live --run live.sqlite --only agent_killed
      with real programs; `venuewatch rehearse abort live.sqlite` undoes all of it at once
  sudo venuewatch rehearse run plan --mode live --run live.sqlite --minutes 30
      what fits into half an hour, kinds that were not played first; --resume plays the rest

exit code: 0 all of it was played, 2 a file or this machine can not be used, 130 interrupted;
--resume goes on
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.description = _SUMMARY
    parser.epilog = _EXAMPLES
    parser.add_argument("plan", metavar="PLAN", type=Path, help="the folder of a run sheet")
    parser.add_argument(
        "--mode",
        choices=MODES,
        default="simulated",
        help="on a virtual clock (simulated), or with real programs (live)",
    )
    parser.add_argument("--run", metavar="FILE", type=Path, help=f"of the run (PLAN/{RUN})")
    catalogue.add_arguments(parser)
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
        "--pace",
        choices=_PACES,
        default=_PACES[0],
        help="live only: each scenario as soon as it can be kept apart from others (fast), or not "
        "before its time of the run sheet, counted from the first one that is left, without the "
        "nights (clock)",
    )
    parser.add_argument(
        "--jobs",
        type=whole(1, _JOBS_MAX),
        metavar="N",
        help="simulated: processes at a time, without it one a core; live: scenarios at a time, "
        "without it as many as can be kept apart",
    )
    parser.add_argument(
        "--minutes",
        type=number(up_to=_MINUTES_MAX),
        metavar="N",
        help="live only: play what fits into so many minutes, kinds that were not played first; "
        "the start and the end of the stage take one or two more",
    )
    parser.add_argument("--json", action="store_true", help="for a program")


def run(options: argparse.Namespace) -> int:
    """Play, print, and return the exit code."""
    try:
        _check_options(options)
        inventory = catalogue.read_fleet(options)
        sheet = folder.read(options.plan)
        check_fleet(sheet, inventory)
        if not options.resume:
            _check_kinds(sheet, catalogue.read_catalogue(options, inventory))
        if options.mode == "live":
            return _play_live(inventory, sheet, options)
        with _opened(options, sheet) as file, long_work.interrupts() as is_stopped:
            return _play(file, inventory, options, is_stopped=is_stopped)
    except (ConfigError, RunFileError, StageError, WorkerLostError) as error:
        print(error, file=sys.stderr)
    except PlanError as error:
        print(f"{one_line(options.plan)}: {error}", file=sys.stderr)
    except OSError as error:  # a disk that is full, too many processes
        where = one_line(error.filename or "this machine")
        print(f"{where}: {in_words(error)}", file=sys.stderr)
    return USAGE_ERROR


def _check_options(options: argparse.Namespace) -> None:
    """Refuse what would be ignored. Raises ConfigError."""
    if options.resume and options.only:
        raise ConfigError("--only: expected without --resume, which plays what the run was made of")
    if options.allow and not options.resume:
        raise ConfigError("--allow: expected together with --resume")
    if options.pace == "clock" and options.mode != "live":
        raise ConfigError("--pace clock: expected --mode live with it")
    if options.minutes is not None and options.mode != "live":
        raise ConfigError("--minutes: expected --mode live with it")
    if options.minutes is not None and options.pace == "clock":
        raise ConfigError("--minutes: expected --pace fast, as it chooses what is played, and when")


def _check_kinds(sheet: RunSheet, kinds: Mapping[str, Kind]) -> None:
    """Check that a plan has the kinds that there are, and causes that a verdict can say.

    Raises:
        PlanError: it has not.
    """
    check_kinds(sheet, {name: kind.digest for name, kind in kinds.items()})
    for scenario in (row.scenario for row in sheet.rows):
        if kinds[scenario.kind].file.waits_for:
            continue  # it may expect a cause that is to come
        told = [cause for one in scenario.expected for cause in one.causes]
        told += [cause for one in scenario.allowed for cause in one.causes]
        for cause in told:
            if cause not in CAUSES:
                where = f"scenario {scenario.number}"
                raise PlanError("causes", unknown("cause", cause, CAUSES, at=where))


def _play(
    file: RunFile, inventory: Inventory, options: argparse.Namespace, *, is_stopped: IsStopped
) -> int:
    with long_work.bar("playing") as on_progress:
        simulation.play(
            file, inventory, jobs=options.jobs, on_progress=on_progress, is_stopped=is_stopped
        )
    _say(file, options)
    return long_work.INTERRUPTED if is_stopped() else 0


def _play_live(inventory: Inventory, sheet: RunSheet, options: argparse.Namespace) -> int:
    """Play a sitting. Ctrl-C ends it: what was begun is undone, and played again by --resume."""
    room.check(inventory)
    with _opened(options, sheet) as file:
        path = file.path
        of = len(file.scenarios())
        done = sum(each.is_finished for each in file.scenarios())
    count = itertools.count(done + 1)
    is_interrupted = False
    with long_work.bar("playing") as on_progress:
        on_progress(done, of)
        try:
            play_sitting(
                path,
                inventory,
                lambda _: on_progress(next(count), of),
                moments=pace.moments(sheet.rows) if options.pace == "clock" else None,
                most=options.jobs,
                within_s=None if options.minutes is None else options.minutes * _S_PER_MINUTE,
                say=on_progress.say,
            )
        except KeyboardInterrupt:
            is_interrupted = True
    with RunFile.read(path) as file:
        _say(file, options)
    return long_work.INTERRUPTED if is_interrupted else 0


def _say(file: RunFile, options: argparse.Namespace) -> None:
    counts = simulation.counts(file)
    with output.reader_may_leave():
        if options.json:
            print(json.dumps({"run": str(file.path), "scenarios": counts}))
        else:
            said = ", ".join(f"{number:,} {state}" for state, number in sorted(counts.items()))
            print(f"{file.path}: {said}")
            print(f"what came of it: venuewatch rehearse score {file.path}")


def _opened(options: argparse.Namespace, sheet: RunSheet) -> RunFile:
    path: Path = options.run or _beside(options.plan)
    digest = digest_of_sheet(sheet)
    if options.resume:
        return _resumed(path, digest, mode=options.mode, is_allowed=options.allow)
    scenarios = _chosen(sheet, options.only, options.mode)
    versions = {"venuewatch": __version__}
    file = RunFile.create(
        path, scenarios, plan=digest, mode=options.mode, seed=sheet.seed, versions=versions
    )
    file.take_control()
    return file


def _resumed(path: Path, digest: str, *, mode: Mode, is_allowed: bool) -> RunFile:
    file = RunFile.open(path)
    try:
        file.check_plan(digest)
        _check_mode(path, file.about().mode, mode)
        file.take_control()
        if is_allowed:
            file.allow()
        file.check_may_begin()
    except BaseException:
        file.close()
        raise
    return file


def _check_mode(path: Path, found: Mode, asked: Mode) -> None:
    if found != asked:
        raise RunFileError(f"{one_line(path)}: expected a {asked} run, got a {found} one")


def _beside(plan: Path) -> Path:
    return (plan if plan.is_dir() else plan.parent) / RUN


def _chosen(sheet: RunSheet, only: Collection[str], mode: Mode) -> list[Scenario]:
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
    chosen = [each for each in asked if mode in each.modes]
    if not chosen:
        raise PlanError("only", f"expected a scenario that can be played {mode}, got none")
    known = faults.names()
    for each in chosen:
        for order in each.orders:
            if order.fault not in known:
                raise PlanError(
                    "faults",
                    f"expected fault {order.fault!r} of scenario {each.number}, which is no longer "
                    f"there",
                )
    if len(chosen) < len(asked):
        kinds = ", ".join(sorted({each.kind for each in asked if mode not in each.modes}))
        print(f"left out, as they can't be played {mode}: {kinds}", file=sys.stderr)
    return chosen
