"""A simulated run whose controller is killed again and again: the same comes of it."""

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil
import pytest

from tests.rehearsal.playing.test_simulation import content
from tests.rehearsal.runfile.scenarios import fetch
from venuewatch.rehearsal.live.programs import until
from venuewatch.rehearsal.runfile.file import RunFile

pytestmark = [pytest.mark.real, pytest.mark.long, pytest.mark.timeout(300)]

PLAN: Final = ("--scenarios", "200", "--days", "1", "--officers", "16", "--seed", "2024")
KINDS: Final = (
    *("aggregator_restarted", "aggregator_stalled", "aggregator_stalled_briefly"),
    *("broker_restarted", "broker_lost", "centre_clock_step", "centre_line_lost"),
)
"""Each scenario of these has a small world of its own: so the run has many, and none is long."""

KILLED_AFTER: Final = (0, 1, 2)
"""How many more worlds are written when the controller is killed, each time."""


def rehearse(*words: str) -> list[str]:
    return [sys.executable, "-m", "venuewatch.cli", "rehearse", *words]


@contextlib.contextmanager
def playing(plan: Path, run: Path, *more: str) -> Iterator[subprocess.Popen[bytes]]:
    """Yield the command that plays a plan, with two processes."""
    only = [word for kind in KINDS for word in ("--only", kind)]
    command = rehearse("run", str(plan), "--run", str(run), "--jobs", "2", *more)
    command += [] if "--resume" in more else only
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


def written(run: Path) -> int:
    """Return how many scenarios are written as played."""
    return int(fetch(run, "SELECT count(*) FROM attempt")[0][0])


def workers(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Return the processes that play for a controller."""
    return psutil.Process(process.pid).children(recursive=True)


def kill_after(worlds: int, plan: Path, run: Path, *more: str) -> None:
    """Kill the command once it has written so many more worlds; wait until its workers are gone."""
    with playing(plan, run, *more) as process:
        until("its workers work", lambda: len(workers(process)) > 1, within_s=60.0)
        enough = written(run) + worlds
        until("worlds are written", lambda: written(run) >= enough, within_s=60.0)
        left = workers(process)
        process.send_signal(signal.SIGKILL)
        process.wait()
    until("its workers have ended", lambda: not any(map(is_there, left)), within_s=30.0)


def test_the_same_comes_of_a_run_that_is_killed_and_resumed(tmp_path: Path) -> None:
    plan, whole, killed = (tmp_path / name for name in ("plan", "whole.sqlite", "killed.sqlite"))
    subprocess.run(rehearse("plan", *PLAN, "--out", str(plan)), check=True, capture_output=True)
    with playing(plan, whole) as process:
        assert process.wait() == 0

    for sitting, more in enumerate(KILLED_AFTER):
        kill_after(more, plan, killed, *(["--resume"] if sitting else []))
        assert written(killed) < written(whole)
    with playing(plan, killed, "--resume") as process:
        assert process.wait() == 0

    with RunFile.read(whole) as one, RunFile.read(killed) as other:
        assert content(one) == content(other)


def is_there(process: psutil.Process) -> bool:
    """Tell whether a process still runs, and is not another one of its number."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
