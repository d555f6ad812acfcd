"""A real machine: its files, its programs, its operator's terminal."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from venuewatch.venue.bundle.host.machine import Machine

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
