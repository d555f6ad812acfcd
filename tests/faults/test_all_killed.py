"""A sitting that is killed together with its guardian leaves what is named, and all is removed."""

import argparse
import contextlib
import os
import signal
import tempfile
from pathlib import Path

import psutil
import pytest

from tests.faults.foreign import beside
from tests.faults.stage import end_timers
from tests.faults.test_sitting import INVENTORY, controller, path, scenario
from tests.rehearsal.runfile.scenarios import run_of
from venuewatch.rehearsal.commands import clean
from venuewatch.rehearsal.live import room
from venuewatch.rehearsal.live.programs import until
from venuewatch.rehearsal.playing.sitting import play_sitting
from venuewatch.rehearsal.stage import leftovers
from venuewatch.rehearsal.stage.leftovers import FAMILY
from venuewatch.rehearsal.stage.machine import StageError, ip, names

pytestmark = [pytest.mark.real, pytest.mark.timed, pytest.mark.timeout(400)]


def kill_all(pid: int) -> None:
    """Kill a controller and its guardian, so that neither can undo what the other left."""
    children = psutil.Process(pid).children()
    (guardian,) = [child for child in children if "guarding" in " ".join(child.cmdline())]
    os.kill(pid, signal.SIGSTOP)
    guardian.kill()
    os.kill(pid, signal.SIGKILL)


__all__ = ["path"]


def test_what_is_left_when_all_were_killed_is_named_and_removed(path: Path) -> None:
    run_of(path, [scenario(1, "STA", lasts_s=4.0)], mode="live").close()
    with beside() as foreign:
        with controller(path) as process:
            kill_all(process.pid)
        prefix = f"{FAMILY}{process.pid}-1-"

        until("its programs have ended", lambda: not programs_of(prefix))
        with pytest.raises(StageError, match="an earlier rehearsal has left"):
            play_sitting(path, INVENTORY)
        assert clean.run(argparse.Namespace(dry_run=False)) == 0

        assert not [name for name in names() if name.startswith(prefix)]
        assert not [left for left in leftovers.find() if prefix in left.name]
        assert not list(Path(tempfile.gettempdir()).glob(f"{prefix}*"))
        assert foreign.is_untouched()
    end_timers(prefix)
    room.check(INVENTORY)  # the next sitting is not refused


def programs_of(prefix: str) -> list[str]:
    """Return the agents and servers that run in namespaces of a run; not its lines."""
    pids = [pid for name in names() if name.startswith(prefix) for pid in inside(name)]
    found = []
    for pid in pids:
        with contextlib.suppress(psutil.Error):
            found.append(" ".join(psutil.Process(pid).cmdline()))
    return [words for words in found if words and "delay_line" not in words]


def inside(namespace: str) -> list[int]:
    return [int(pid) for pid in ip("netns", "pids", namespace).split()]
