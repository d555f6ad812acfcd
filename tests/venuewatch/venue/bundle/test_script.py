"""The commands of an unpacked bundle, started as on a bare host. None gets as far as a change."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.venuewatch.venue.bundle.played import unpacked

pytestmark = pytest.mark.real


def started(folder: Path, command: str, *words: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-I", folder / command, *words],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("command", "codes"),
    [
        ("install", "0 done, 1 it failed and was taken back, 2 refused, nothing was changed"),
        ("upgrade", "0 done, 1 it failed and was taken back, 2 refused, nothing was changed"),
        ("uninstall", "0 done, 1 not all is removed: give it again, 2 nothing to remove"),
    ],
)
def test_command_says_what_it_takes(tmp_path: Path, command: str, codes: str) -> None:
    folder = unpacked(tmp_path)

    code, said, _ = started(folder, command, "--help")

    assert code == 0
    assert said.startswith(f"usage: {command} ")
    assert f"exit code: {codes}" in " ".join(said.split())


@pytest.mark.parametrize("command", ["install", "upgrade"])
def test_bundle_cut_short_is_one_line_and_exit_code_2(tmp_path: Path, command: str) -> None:
    folder = unpacked(tmp_path)
    (folder / "wheels/pip-24.0-py3-none-any.whl").unlink()

    code, said, refused = started(folder, command)

    assert (code, said) == (2, "")
    assert refused == (
        f"{command}: {folder}: the bundle is damaged or cut short "
        "(wheels/pip-24.0-py3-none-any.whl is missing): "
        "copy it again, and compare its SHA-256 before you unpack it\n"
    )


def test_bundle_is_left_as_it_was(tmp_path: Path) -> None:
    folder = unpacked(tmp_path)
    before = sorted(folder.rglob("*"))

    started(folder, "install", "--help")

    assert sorted(folder.rglob("*")) == before
