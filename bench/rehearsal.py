"""Measures a live rehearsal of the whole standard fleet: real programs, many scenarios at once.

39 venues of 7 hosts, each a machine of its own (a network namespace) with a real agent; the real
Mosquitto, and the real aggregator with journal, reader and receiver. Two rows. ``fleet``: the fleet
starts and is left alone. ``run``: a plan of every live kind is played and scored with default
marks, as much of it as fits into the time, kinds that were not played first. The controller is
killed (``kill -9``) now and then, and goes on with ``--resume``. What is not played when the time
is over is not judged. A run that is kept can be gone on with another day.

It needs root on Linux, mosquitto, nft and 5 GiB of memory, and says what is lacking.
"""

import argparse
import contextlib
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple, Self

import msgspec
import psutil

from aggregator.inventory import Inventory
from bench.kit.processes import (
    ROOT,
    BenchError,
    busy_s,
    last_line,
    pause,
    python,
    running,
    wait_for,
)
from bench.kit.rehearsed import done_of, rehearsed
from bench.kit.result import Goal, Result, Row, progress
from venuewatch.base import clock
from venuewatch.base.options import number, whole
from venuewatch.rehearsal.fleet import standard_fleet
from venuewatch.rehearsal.live import room
from venuewatch.rehearsal.playing.sitting import world_of
from venuewatch.rehearsal.stage import leftovers
from venuewatch.rehearsal.stage.guardian import LEASE_S
from venuewatch.rehearsal.stage.machine import StageError
from venuewatch.rehearsal.stage.run import run_of_namespaces

SUMMARY = "A live rehearsal of 39 venues with 273 real agents, killed and resumed, and its score"

_FLEET, _RUN = "fleet", "run"
GOALS = (
    Goal("wrong_accusations", 0.0, _RUN),
    Goal("void_share", 0.02, _RUN),
    Goal("kinds_not_played", 0.0, _RUN),
)

_KEPT = "bench.json"
_GIB = 1 << 30
_S_PER_MINUTE = 60.0
_LOOK_EVERY_S = 1.0
_ENDS_S = 120.0
_STAGE_S = 240.0  # to begin and to end it
_LEAST_S = 300.0  # for a sitting that is worth it
_GONE_S = 60.0
_SAY_EVERY = 10
_SAY_EVERY_S = 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the bench's options."""
    parser.add_argument(
        "--minutes",
        type=number(up_to=100_000.0),
        default=240.0,
        help="for which the plan is played, all sittings together (%(default)g)",
    )
    parser.add_argument(
        "--scenarios",
        type=whole(1, 20_000),
        default=160,
        help="that are planned; at least one of each live kind (%(default)s)",
    )
    parser.add_argument(
        "--kills", type=whole(0, 100), default=2, help="of the controller (%(default)s)"
    )
    parser.add_argument(
        "--seed", type=whole(0, 1_000_000), default=2024, help="of the plan (%(default)s)"
    )
    parser.add_argument(
        "--seconds",
        type=number(up_to=1e6),
        default=60.0,
        help="for which the fleet is left alone (%(default)g)",
    )
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help="also write the report of the run there"
    )
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="FOLDER",
        help="keep plan and run there; go on with what an earlier bench has kept there",
    )


def run(options: argparse.Namespace) -> Result:
    """Measure.

    Raises:
        BenchError: this machine can't play it, or the world does not become well.
    """
    inventory = standard_fleet()
    try:
        room.check(inventory)
        with _place(options.keep) as folder:
            kept = _Kept.read(folder) or _Kept(_alone(inventory, options.seconds))
            kept.write(folder)
            _plan(folder, options)
            kept = _play(folder, options, kept)
            found = rehearsed(_RUN, folder / "run.sqlite")
            for line in found.not_passed:
                progress(line)
            if options.html is not None:
                _report(folder, options.html)
    except StageError as error:
        raise BenchError(str(error)) from None
    conditions = {
        name: getattr(options, name) for name in ("minutes", "scenarios", "seed", "seconds")
    }
    conditions |= {"killed": kept.killed, "load_1m": round(psutil.getloadavg()[0], 1)}
    return Result([kept.fleet, found.row], conditions, GOALS)


class _Kept(NamedTuple):
    """What a bench that goes on another day has to know: the fleet's row, and how far it came."""

    fleet: Row
    killed: int = 0
    spent_s: float = 0.0
    sittings: int = 0

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        try:
            return cls(**msgspec.json.decode((folder / _KEPT).read_bytes()))
        except FileNotFoundError:
            return None

    def write(self, folder: Path) -> None:
        (folder / _KEPT).write_bytes(msgspec.json.encode(self._asdict()))


@contextlib.contextmanager
def _place(kept: Path | None) -> Iterator[Path]:
    if kept is None:
        with tempfile.TemporaryDirectory(prefix="bench-") as name:
            yield Path(name)
        return
    try:
        kept.mkdir(parents=True, exist_ok=True)
        is_ours = (kept / _KEPT).exists() or not any(kept.iterdir())
    except OSError as error:
        raise BenchError(f"{kept}: expected a folder: {error.strerror}") from None
    if not is_ours:
        raise BenchError(f"{kept}: expected a new folder, or one that a bench has kept")
    yield kept.resolve()


def _alone(inventory: Inventory, seconds: float) -> Row:
    """Start the fleet, and leave it alone."""
    free_bytes = psutil.virtual_memory().available
    with ExitStack() as stack:
        began = clock.monotonic()
        stage = stack.enter_context(run_of_namespaces(LEASE_S))
        world = world_of(stage, inventory)
        stack.callback(world.close)
        world.start()
        up_s = clock.monotonic() - began
        world.await_well()
        progress(f"{len(world.hosts)} hosts are up after {up_s:.0f} s")
        since, used_s = clock.monotonic(), busy_s()
        pause(seconds)
        cores = (busy_s() - used_s) / (clock.monotonic() - since)
        used_bytes = free_bytes - psutil.virtual_memory().available
        return {
            "side": _FLEET,
            "venues": len(world.lans),
            "hosts": len(world.hosts),
            "up_s": round(up_s, 1),
            "machine_busy_cores": round(cores, 2),
            "memory_gib": round(used_bytes / _GIB, 2),
        }


def _plan(folder: Path, options: argparse.Namespace) -> None:
    if (folder / "plan").exists():
        return
    asked = ("--mode", "live", "--scenarios", str(options.scenarios), "--seed", str(options.seed))
    _command("rehearse", "plan", "--out", str(folder / "plan"), *asked)


def _report(folder: Path, page: Path) -> None:
    """Write the report; a run that misses a mark has one, too."""
    paths = ("--plan", str(folder / "plan"), "--html", str(page.absolute()))
    _command("rehearse", "report", str(folder / "run.sqlite"), *paths, well=(0, 1))


def _command(*words: str, well: tuple[int, ...] = (0,)) -> None:
    done = subprocess.run(
        python("venuewatch.cli", *words), cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode not in well:
        raise BenchError(f"{' '.join(words[:2])}: {done.stderr.strip()}")


def _play(folder: Path, options: argparse.Namespace, kept: _Kept) -> _Kept:
    """Play sittings until all is played, or the time is over; return what is kept of them."""
    path = folder / "run.sqlite"
    began = clock.monotonic() - kept.spent_s
    end = began + options.minutes * _S_PER_MINUTE
    while (left_s := end - clock.monotonic() - _STAGE_S) > _LEAST_S:
        kept = kept._replace(sittings=kept.sittings + 1)
        log = folder / f"sitting-{kept.sittings}.log"
        resume = ("--resume",) if path.exists() else ()
        minutes = f"{left_s / _S_PER_MINUTE:.1f}"
        words = ("--mode", "live", "--run", str(path), "--minutes", minutes, *resume)
        share = (kept.killed + 1) / (options.kills + 1)
        is_to_be_killed = kept.killed < options.kills
        kill = _Kill(share, began + share * (end - began)) if is_to_be_killed else None
        command = python("venuewatch.cli", "rehearse", "run", str(folder / "plan"), *words)
        with running(command, log=log) as process:
            code = _watch(process, path, log, end=end, kill=kill)
        is_killed = code == -signal.SIGKILL
        kept = kept._replace(killed=kept.killed + is_killed, spent_s=clock.monotonic() - began)
        kept.write(folder)
        if is_killed:
            progress(f"killed when {done_of(path)[0]} were played")
            if not wait_for(lambda: not leftovers.find(), at_most_s=_GONE_S):
                raise BenchError(f"a killed controller has left {leftovers.find()[0]}")
        elif code == 0:
            break
        elif clock.monotonic() < end:
            raise BenchError(f"a sitting ended with exit code {code}: {last_line(log)}")
    return kept


class _Kill(NamedTuple):
    """A controller is killed when that share of the plan is played, or at that time (s)."""

    share: float
    at: float

    def is_due(self, done: int, of: int) -> bool:
        is_played = bool(of) and done >= self.share * of
        return is_played or clock.monotonic() >= self.at


def _watch(
    process: subprocess.Popen[bytes], path: Path, log: Path, *, end: float, kill: _Kill | None
) -> int:
    """Wait for the end of a sitting; kill it when that is due, end it in time."""
    said, say_at = 0, 0.0
    while process.poll() is None:
        pause(_LOOK_EVERY_S)
        done, of = done_of(path)
        if done >= said + _SAY_EVERY or clock.monotonic() >= say_at:
            said, say_at = done, clock.monotonic() + _SAY_EVERY_S
            progress(f"{done} of {of} are played; {last_line(log)}")
        if kill is not None and kill.is_due(done, of):
            process.kill()
        elif clock.monotonic() >= end:
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_ENDS_S)
    return process.wait()
