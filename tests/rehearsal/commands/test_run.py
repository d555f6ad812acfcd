"""A run goes on only in the way that it was begun, and not after an abort."""

import argparse
import errno
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from aggregator.inventory import Inventory
from tests.rehearsal.runfile.scenarios import run_of, scenario
from venuewatch.base.config import USAGE_ERROR
from venuewatch.rehearsal.commands import run
from venuewatch.rehearsal.live import room
from venuewatch.rehearsal.playing import simulation
from venuewatch.rehearsal.runfile.file import RunFile
from venuewatch.rehearsal.scenario import Mode
from venuewatch.rehearsal.stage.machine import StageError
from venuewatch.rehearsal.work import WorkerLostError


@pytest.fixture(autouse=True)
def played(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Take any folder for the plan ``p``; return the runs that are played."""
    found: list[object] = []
    monkeypatch.setattr("venuewatch.rehearsal.plan.folder.read", lambda _path: None)
    monkeypatch.setattr(run, "check_fleet", lambda *_: None)
    monkeypatch.setattr(run, "_check_kinds", lambda *_: None)
    monkeypatch.setattr(run, "digest_of_sheet", lambda _sheet: "p")
    monkeypatch.setattr(simulation, "play", lambda file, *_, **__: found.append(file))
    return found


def options_of(path: Path, **more: object) -> argparse.Namespace:
    """Return the options of a run that goes on, but for those that are given."""
    usual: dict[str, object] = {
        "mode": "simulated",
        "plan": path.parent,
        "run": path,
        "inventory": None,
        "kinds": [],
        "only": [],
        "resume": True,
        "allow": False,
        "jobs": 1,
        "pace": "fast",
        "minutes": None,
        "json": True,
    }
    return argparse.Namespace(**usual | more)


def resume(
    path: Path,
    mode: Mode,
    *,
    is_aborted: bool = False,
    is_allowed: bool = False,
    pace: str = "fast",
) -> int:
    with RunFile.create(path, [scenario()], plan="p", mode=mode, seed=1, versions={}) as file:
        if is_aborted:
            file.abort()
    return run.run(options_of(path, allow=is_allowed, pace=pace))


def test_aborted_run_is_refused_before_anything_is_played(
    tmp_path: Path, played: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    assert resume(tmp_path / "run.sqlite", "simulated", is_aborted=True) == USAGE_ERROR

    assert "--allow" in capsys.readouterr().err
    assert not played


def test_aborted_run_goes_on_when_that_is_allowed(tmp_path: Path, played: list[object]) -> None:
    path = tmp_path / "run.sqlite"

    assert resume(path, "simulated", is_aborted=True, is_allowed=True) == 0

    assert played


def test_live_run_is_refused_by_the_machine_before_its_file_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_inventory: Inventory) -> None:
        raise StageError("network namespaces need root on Linux")

    monkeypatch.setattr(room, "check", refuse)
    options = options_of(tmp_path / "run.sqlite", mode="live", resume=False)

    assert run.run(options) == USAGE_ERROR

    assert capsys.readouterr().err == "network namespaces need root on Linux\n"
    assert list(tmp_path.iterdir()) == []


def test_run_that_was_begun_live_is_not_simulated(
    tmp_path: Path, played: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    assert resume(tmp_path / "run.sqlite", "live") == USAGE_ERROR

    assert "expected a simulated run, got a live one" in capsys.readouterr().err
    assert not played


def test_virtual_time_has_no_pace_of_a_clock(
    tmp_path: Path, played: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    assert resume(tmp_path / "run.sqlite", "simulated", pace="clock") == USAGE_ERROR

    assert capsys.readouterr().err == "--pace clock: expected --mode live with it\n"
    assert not played


@pytest.mark.parametrize(
    ("asked", "minutes", "expected", "within_s"),
    [("fast", None, None, None), ("clock", None, {1: 0.0}, None), ("fast", 1.5, None, 90.0)],
)
def test_live_run_is_played_at_the_pace_that_is_asked_for(
    asked: str,
    minutes: float | None,
    expected: object,
    within_s: float | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: dict[str, object] = {}
    row = SimpleNamespace(day=1, starts_at=0, ends_at=1, scenario=scenario())
    sheet = SimpleNamespace(rows=[row], seed=1)
    monkeypatch.setattr("venuewatch.rehearsal.plan.folder.read", lambda _path: sheet)
    monkeypatch.setattr(run, "_chosen", lambda *_: [scenario()])
    monkeypatch.setattr(room, "check", lambda _inventory: None)
    monkeypatch.setattr(run, "play_sitting", lambda *_, **more: given.update(more))
    more: dict[str, object] = {"mode": "live", "resume": False, "jobs": 3}
    more |= {"pace": asked, "minutes": minutes}
    options = options_of(tmp_path / "run.sqlite", **more)

    assert run.run(options) == 0

    assert callable(given.pop("say"))
    assert given == {"moments": expected, "most": 3, "within_s": within_s}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"only": ["STA"]}, "--only: expected without --resume"),
        ({"resume": False, "allow": True}, "--allow: expected together with --resume"),
        ({"minutes": 5.0}, "--minutes: expected --mode live with it"),
        ({"minutes": 5.0, "mode": "live", "pace": "clock"}, "--minutes: expected --pace fast"),
    ],
    ids=["only", "allow", "minutes simulated", "minutes by the clock"],
)
def test_option_that_would_be_ignored_is_refused(
    more: dict[str, object],
    said: str,
    tmp_path: Path,
    played: list[object],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run.run(options_of(tmp_path / "run.sqlite", **more)) == USAGE_ERROR

    assert capsys.readouterr().err.startswith(said)
    assert not played


def test_second_controller_of_a_run_is_refused(
    tmp_path: Path, played: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run.sqlite"
    with run_of(path, [scenario()], plan="p") as file:
        file.take_control()

        assert run.run(options_of(path)) == USAGE_ERROR

    assert "run.sqlite: is played by process " in capsys.readouterr().err
    assert not played


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (WorkerLostError("one was killed"), "one was killed\n"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/world"), "/world: the disk is full\n"),
        (OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)), "this machine: "),
    ],
    ids=["process killed", "disk full", "too many processes"],
)
def test_run_that_can_not_go_on_is_one_line(
    error: Exception,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(simulation, "play", fail)

    assert resume(tmp_path / "run.sqlite", "simulated") == USAGE_ERROR

    (line,) = capsys.readouterr().err.splitlines(keepends=True)
    assert line.startswith(said)
    with RunFile.open(tmp_path / "run.sqlite") as file:
        file.take_control()  # nobody holds it any more
