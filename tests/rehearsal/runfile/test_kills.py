"""Kills: a real controller dies at any point, and what it had written is there."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rehearsal.runfile.scenarios import fetch, run_of, scenario
from venuewatch.rehearsal.runfile.file import RunFile
from venuewatch.rehearsal.runfile.rows import Step

ROOT = Path(__file__).parents[3]
PLAYER = """
import sys
from itertools import count
from pathlib import Path
from venuewatch.rehearsal.runfile.file import RunFile
from venuewatch.rehearsal.runfile.rows import Step

run = RunFile.open(Path(sys.argv[1]))
run.take_control()
for number in count(len([one for one in run.scenarios() if one.attempts]) + 1):
    run.record_begun(number, world=sys.argv[2], at=number)
    for what in ("ordered", "armed", "begun"):
        run.record(Step(number, "off", what, number))
        print(number, what, flush=True)
    for what in ("ended", "healed"):
        run.record(Step(number, "off", what, number))
    run.record_ended(number, at=number)
"""
MAKER = """
import sys
from pathlib import Path
from tests.rehearsal.runfile.scenarios import run_of, scenario

print("begun", flush=True)
run_of(Path(sys.argv[1]), map(scenario, range(200_000)))
"""

WORKER = """
import sys
from pathlib import Path
from venuewatch.rehearsal.runfile.file import RunFile
from venuewatch.rehearsal.runfile.rows import Step

run = RunFile.open(Path(sys.argv[1]))
sys.stdin.readline()
for number in range(int(sys.argv[2]), 200, 2):
    run.record_begun(number, world=sys.argv[2], at=number)
    run.record(Step(number, "off", "ordered", number))
    run.record_ended(number, at=number)
"""
LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
from pathlib import Path
from tests.rehearsal.runfile.scenarios import run_of, scenario
from venuewatch.rehearsal.runfile.database import RunFileError

try:
    run_of(Path(sys.argv[1]), map(scenario, range(5_000)))
except RunFileError as error:
    sys.exit(str(error))
"""


def play_and_kill(path: Path, world: str, lines: int) -> list[tuple[int, str]]:
    """Let a process play, kill it after so many lines; return what it had said by then."""
    with subprocess.Popen(
        [sys.executable, "-c", PLAYER, str(path), world],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as player:
        assert player.stdout is not None
        for _ in range(lines):
            assert player.stdout.readline()
        player.send_signal(signal.SIGKILL)
        said = player.stdout.read().split()
    return list(zip(map(int, said[::2]), said[1::2], strict=False))


@pytest.mark.real
def test_killed_controllers_lose_no_step_and_leave_no_lock(path: Path) -> None:
    run_of(path, map(scenario, range(1, 5_000))).close()

    for sitting, lines in enumerate((1, 2, 5, 40)):
        said = play_and_kill(path, f"w{sitting}", lines)
        with RunFile.open(path) as run:
            run.take_control()
            for number in run.unfinished():
                run.record(Step(number, "off", "healed", 0.0))
                run.record_ended(number, at=0.0, state="interrupted")

        assert set(fetch(path, "SELECT number, what FROM step")).issuperset(said)
        assert fetch(path, "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.real
def test_a_run_killed_while_made_is_whole_or_not_there(path: Path) -> None:
    command = [sys.executable, "-c", MAKER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as maker:
        assert maker.stdout is not None
        maker.stdout.readline()
        while not path.exists():
            assert maker.poll() is None
        maker.send_signal(signal.SIGKILL)

    with run_of(path, [scenario()]) as run:
        assert len(run.scenarios()) == 1


@pytest.mark.real
def test_two_workers_write_at_once(path: Path) -> None:
    run_of(path, map(scenario, range(200))).close()
    command = [sys.executable, "-c", WORKER, str(path)]
    workers = [
        subprocess.Popen([*command, str(first)], stdin=subprocess.PIPE, text=True, cwd=ROOT)
        for first in (0, 1)
    ]

    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("\n")
        worker.stdin.flush()
    for worker in workers:
        worker.communicate()

    assert [worker.returncode for worker in workers] == [0, 0]
    with RunFile.read(path) as run:
        assert {one.state for one in run.scenarios()} == {"ended"}


@pytest.mark.real
@pytest.mark.parametrize("room", [0, 100, 5_000, 200_000])
def test_a_run_that_finds_no_room_says_so_and_is_made_later(path: Path, room: int) -> None:
    command = [sys.executable, "-c", LIMITED, str(path), str(room)]
    made = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)

    assert made.returncode == 1
    assert made.stderr == f"{path}: the disk fails, or is full\n"
    with run_of(path, [scenario()]) as run:
        assert len(run.scenarios()) == 1


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.sqlite"
