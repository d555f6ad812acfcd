"""Measures a simulated rehearsal, and whether the same comes of it however it is played.

``ours`` plans, plays and scores a whole rehearsal with the command that operators use. Then the
same is done with a smaller one: ``one_process`` plays it in one process, and ``killed`` is killed
again and again (SIGKILL, with all of its processes) and resumed. Each scenario has to get the same
score as in a run by several processes that nobody killed.
"""

import argparse
import math
import os
import random
import resource
import signal
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from bench.kit.processes import BenchError, last_line, pause, python, running
from bench.kit.result import Goal, Result, Row, progress
from venuewatch.base import clock
from venuewatch.base.options import whole
from venuewatch.rehearsal.fleet import standard_fleet
from venuewatch.rehearsal.playing.simulated import CALM_AFTER_S
from venuewatch.rehearsal.playing.worlds import divided
from venuewatch.rehearsal.runfile.database import RunFileError
from venuewatch.rehearsal.runfile.file import RunFile
from venuewatch.rehearsal.score.marks import load
from venuewatch.rehearsal.score.result import Scored
from venuewatch.rehearsal.score.run import score_run
from venuewatch.rehearsal.work import processes
from venuewatch.rehearsal.world.world import STARTS_AT

SUMMARY = "A simulated rehearsal of 1,400 scenarios: time, CPU, and the same after kills"
GOALS = (
    Goal("wall_s", 180.0),
    Goal("failed", 0.0),
    Goal("scored_otherwise", 0.0, "one_process"),
    Goal("scored_otherwise", 0.0, "killed"),
    Goal("kills_left", 0.0, "killed"),
)

_A_DAY = 280  # scenarios, of the plan that the figures are of
_AN_OFFICER = 16.9
_OFFICERS_LEAST = 16
_KILLED_WITHIN_S = (0.3, 1.5)
_KILLS_LEFT = 15  # so many more would fit into a run, which has to last until the last one
_LOOK_S = 0.2


class Plan(NamedTuple):
    """A plan in a folder, of so many scenarios."""

    folder: Path
    scenarios: int


class Use(NamedTuple):
    """Seconds by the clock and of CPU, of a command with all of its processes."""

    wall_s: float
    cpu_s: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the bench's options."""
    parser.add_argument(
        "--scenarios", type=whole(1, 100_000), default=1_400, help="of the plan (%(default)s)"
    )
    parser.add_argument("--seed", type=whole(0, 10**9), default=2024, help="(%(default)s)")
    parser.add_argument(
        "--jobs", type=whole(1, 1_024), default=processes(), help="processes (%(default)s)"
    )
    parser.add_argument(
        "--again",
        type=whole(0, 100_000),
        default=280,
        help="scenarios that are played by one process, and with kills; 0: none (%(default)s)",
    )
    parser.add_argument(
        "--kills", type=whole(0, 1_000), default=20, help="of the run that is killed (%(default)s)"
    )


def run(options: argparse.Namespace) -> Result:
    """Measure."""
    with tempfile.TemporaryDirectory(prefix="venuewatch-") as name:
        folder = Path(name)
        rows = [_whole(folder, options.scenarios, options.seed, options.jobs)]
        if options.again:
            rows += _again(folder, options)
    conditions = {
        "scenarios": options.scenarios,
        "seed": options.seed,
        "processes": options.jobs,
        "again": options.again,
    }
    goals = GOALS if options.again else GOALS[:2]
    return Result(rows, conditions, goals)


def _whole(folder: Path, scenarios: int, seed: int, jobs: int) -> Row:
    """Plan, play and score a rehearsal; return what that took and came to."""
    planning, plan = _planned(folder / "plan", scenarios, seed)
    run_file = folder / "run.sqlite"
    playing = _used(_play(plan, run_file, jobs), folder / "run.log")
    began = clock.monotonic()
    scored = score_run(run_file, load())
    scoring_s = clock.monotonic() - began
    counts = scored.counts
    worlds = _worlds(run_file)
    host_s = sum(hosts * seconds for _, hosts, seconds in worlds)
    fleet = max((hosts for _, hosts, _ in worlds), default=0)
    on_fleet = sum(number for number, hosts, _ in worlds if hosts == fleet)
    progress(f"{scenarios} scenarios: {playing.wall_s:.0f} s, {playing.cpu_s:.0f} s of CPU")
    return {
        "side": "ours",
        "scenarios": len(scored.scored),
        "passed": counts["pass"],
        "failed": counts["fail"],
        "void": counts["void"],
        "not_judged": counts["not_judged"],
        "alarms_between": len(scored.between) + len(scored.unwell),
        "worlds": len(worlds),
        "on_whole_fleet": on_fleet,
        "plan_s": round(planning.wall_s, 1),
        "wall_s": round(playing.wall_s, 1),
        "score_s": round(scoring_s, 1),
        "cpu_s": round(playing.cpu_s, 1),
        "host_seconds": round(host_s),
        "us_per_host_second": round(playing.cpu_s / host_s * 1e6, 1) if host_s else None,
        "virtual_s": round(sum(seconds for _, _, seconds in worlds)),
    }


def _again(folder: Path, options: argparse.Namespace) -> list[Row]:
    """Play a smaller rehearsal by several processes, by one, and with kills; compare the scores."""
    _, plan = _planned(folder / "again", options.again, options.seed)
    files = {name: folder / f"{name}.sqlite" for name in ("several", "one_process", "killed")}
    _used(_play(plan, files["several"], options.jobs), folder / "several.log")
    alone = _used(_play(plan, files["one_process"], 1), folder / "one.log")
    kills = _killed(plan, files["killed"], options, folder)
    right = _scored(files["several"])
    rows: list[Row] = []
    for name, more in (
        ("one_process", {"wall_s": round(alone.wall_s, 1), "cpu_s": round(alone.cpu_s, 1)}),
        ("killed", {"kills": kills, "kills_left": options.kills - kills}),
    ):
        found = _scored(files[name])
        otherwise = sum(found.get(number) != one for number, one in right.items())
        progress(f"{name}: {otherwise} of {len(right)} scenarios scored otherwise")
        row: Row = {"side": name, "scenarios": len(found), "scored_otherwise": otherwise}
        rows.append({**row, **more})
    return rows


def _killed(plan: Plan, run_file: Path, options: argparse.Namespace, folder: Path) -> int:
    """Kill a run each time when more of it is done, then let it end; return how often."""
    rng = random.Random(options.seed)
    log = folder / "killed.log"
    kills = 0
    while kills < options.kills:
        command = _play(plan, run_file, options.jobs, is_resumed=run_file.exists())
        with running(command, log=log) as process:
            done = plan.scenarios * kills // (options.kills + _KILLS_LEFT)
            while process.poll() is None and _done(run_file) <= done:
                pause(_LOOK_S)
            pause(rng.uniform(*_KILLED_WITHIN_S))
            if process.poll() is not None:
                break
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        kills += 1
    _used(_play(plan, run_file, options.jobs, is_resumed=run_file.exists()), log)
    return kills


def _done(run_file: Path) -> int:
    """Return how many scenarios of a run are done; -1 before there is a run."""
    try:
        with RunFile.read(run_file) as file:
            return sum(each.is_finished for each in file.scenarios())
    except RunFileError:
        return -1


def _planned(folder: Path, scenarios: int, seed: int) -> tuple[Use, Plan]:
    """Make a plan with the days and officers that it needs."""
    days = math.ceil(scenarios / _A_DAY)
    officers = max(_OFFICERS_LEAST, math.ceil(scenarios / _AN_OFFICER))
    asked = {"scenarios": scenarios, "days": days, "officers": officers, "seed": seed}
    options = [f"--{name}={value}" for name, value in asked.items()]
    command = python("venuewatch.cli", "rehearse", "plan", *options, "--out", str(folder))
    return _used(command, folder.with_suffix(".log")), Plan(folder, scenarios)


def _play(plan: Plan, run_file: Path, jobs: int, *, is_resumed: bool = False) -> list[str]:
    options = ["--run", str(run_file), "--jobs", str(jobs), *(["--resume"] if is_resumed else [])]
    return python("venuewatch.cli", "rehearse", "run", str(plan.folder), *options)


def _used(command: Sequence[str], log: Path) -> Use:
    """Run a command to its end; return what it took.

    Raises:
        BenchError: it failed.
    """
    began, before = clock.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    with running(command, log=log) as process:
        code = process.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if code:
        raise BenchError(last_line(log))
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Use(clock.monotonic() - began, cpu_s)


def _scored(run_file: Path) -> dict[int, Scored]:
    return {one.number: one for one in score_run(run_file, load()).scored}


def _worlds(run_file: Path) -> list[tuple[int, int, float]]:
    """Return each world's scenarios, its hosts, and how many seconds passed in it."""
    inventory = standard_fleet()
    hosts = {venue.code: len(venue.host) for venue in inventory.venue}
    with RunFile.read(run_file) as file:
        played, seed = file.scenarios(), file.about().seed
    ended = _ended(run_file)
    return [
        (
            len(world.scenarios),
            sum(hosts[code] for code in world.venues or hosts),
            ended[world.name] + CALM_AFTER_S - STARTS_AT,
        )
        for world in divided([each.scenario for each in played], inventory, seed)
    ]


def _ended(run_file: Path) -> dict[str, float]:
    """Return when the last of each world was heard, or over."""
    query = """
        SELECT world, max(at) FROM (
            SELECT world, ended_at AS at FROM attempt UNION ALL SELECT world, at FROM seen
        ) GROUP BY world
    """
    uri = f"{run_file.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as database:
        return dict(database.execute(query).fetchall())
