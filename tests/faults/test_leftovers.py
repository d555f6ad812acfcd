"""Leftovers of a killed rehearsal are found and removed, and nothing of others is."""

import argparse
import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.faults.foreign import Foreign, beside
from tests.faults.stage import staged
from venuewatch.base.config import USAGE_ERROR
from venuewatch.rehearsal.commands import clean
from venuewatch.rehearsal.live.programs import until
from venuewatch.rehearsal.stage import leftovers
from venuewatch.rehearsal.stage.leftovers import FAMILY, MARK
from venuewatch.rehearsal.stage.machine import ip, names

pytestmark = [pytest.mark.real, pytest.mark.timed]


@pytest.fixture
def dead() -> str:
    """Return the name of a run whose process is gone."""
    with subprocess.Popen(["true"]) as process:
        process.wait()
    return f"{FAMILY}{process.pid}-1-"


@pytest.fixture
def foreign() -> Iterator[Foreign]:
    """Yield what is of others."""
    with staged():
        pass
    with beside() as found:
        yield found


@contextlib.contextmanager
def process_of(run: str) -> Iterator[psutil.Process]:
    with subprocess.Popen(["sleep", "600"], env={MARK: run}) as process:
        try:
            yield psutil.Process(process.pid)
        finally:
            process.kill()


def has_ended(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def run_clean(*, dry_run: bool = False) -> int:
    return clean.run(argparse.Namespace(dry_run=dry_run))


def test_clean_removes_what_a_killed_run_left_and_nothing_of_others(
    dead: str, foreign: Foreign, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(tempfile.mkdtemp(prefix=dead))
    (folder / "agent.toml").touch()
    ip("netns", "add", f"{dead}centre")
    with process_of(dead) as ours, process_of("another-program-1-") as theirs:
        assert run_clean(dry_run=True) == clean.LEFT
        said = capsys.readouterr().out
        assert {f"left: namespace {dead}centre", f"left: folder {folder}"} <= set(said.split("\n"))
        assert f"left: process {ours.pid}" in said

        assert run_clean() == 0

        until("our process has ended", lambda: has_ended(ours))
        assert not has_ended(theirs)
    assert f"{dead}centre" not in names()
    assert not folder.exists()
    assert f"removed: namespace {dead}centre" in capsys.readouterr().out
    assert foreign.is_untouched()


def test_nothing_of_a_run_that_lives_is_left() -> None:
    with staged() as run:
        ip("netns", "add", f"{run.prefix}centre")

        assert not [left for left in leftovers.find() if run.prefix in left.name]
        assert str(run.guardian.pid) not in {left.name for left in leftovers.find()}


def test_the_guardian_of_a_run_is_marked_with_its_name() -> None:
    with staged() as run:
        assert psutil.Process(run.guardian.pid).environ()[MARK] == run.prefix


def test_a_link_with_our_name_is_not_followed(dead: str, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    link = Path(tempfile.gettempdir()) / f"{dead}link"
    link.symlink_to(kept)

    leftovers.remove(leftovers.find())

    assert kept.is_dir()
    link.unlink()


def test_clean_without_root_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)

    assert run_clean() == USAGE_ERROR

    assert capsys.readouterr().err == "network namespaces need root on Linux\n"
