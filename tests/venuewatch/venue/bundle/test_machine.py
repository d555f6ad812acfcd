"""A real machine: its files, its programs, its operator's terminal."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from venuewatch.venue.bundle.host.machine import Machine, RefusedError

HOST = Path(__file__).parents[4] / "venuewatch" / "venue" / "bundle"


class KilledError(BaseException):
    """Nothing runs any more."""


def test_folder_whose_removal_was_interrupted_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(tmp_path)
    (tmp_path / "release" / "lib").mkdir(parents=True)

    def kill(_path: Path) -> None:
        raise KilledError

    monkeypatch.setattr(shutil, "rmtree", kill)
    with pytest.raises(KilledError):
        machine.remove("/release")
    was_there = (tmp_path / "release").exists()
    monkeypatch.undo()
    machine.remove("/release")

    assert not was_there
    assert list(tmp_path.iterdir()) == []


@pytest.mark.real
def test_lines_for_a_terminal_that_is_gone_are_dropped() -> None:
    code = "from host.machine import Machine; [Machine().tell('x') for _ in range(3)]; print('y')"
    ours, theirs = os.pipe()
    os.close(ours)

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=HOST,
        stdout=theirs,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )

    os.close(theirs)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.real
def test_settings_of_the_machines_own_pip_are_not_read() -> None:
    said = Machine().run(["/usr/bin/env"])

    assert "PIP_CONFIG_FILE=/dev/null" in said.splitlines()


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("root", ["--gid", "root"]), ("venuewatch-of-a-test", ["--user-group"])],
)
def test_group_that_is_there_already_is_the_users(
    name: str, wanted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[Sequence[str]] = []
    monkeypatch.setattr(Machine, "run", lambda _self, words: ran.append(words))

    Machine().add_user(name)

    assert list(ran[0][2 : 2 + len(wanted)]) == wanted


@pytest.mark.real
def test_program_that_outlives_its_command_holds_the_lock(tmp_path: Path) -> None:
    machine, end = Machine(tmp_path), tmp_path / "end"
    os.mkfifo(end)
    with machine.alone("/lock", refusal=""):
        machine.run(["/bin/sh", "-c", f"(exec >/dev/null 2>&1; exec cat {end}) &"])

    with pytest.raises(RefusedError, match="wait"), machine.alone("/lock", refusal="wait"):
        pass

    end.write_text("now\n")
    with (tmp_path / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # it waits for the program's end
