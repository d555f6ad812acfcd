"""An abort forbids that more of a run begins, and asks the guardians of its stages."""

import argparse
from pathlib import Path

import pytest

from venuewatch.base.config import USAGE_ERROR
from venuewatch.rehearsal.commands import abort
from venuewatch.rehearsal.runfile.database import RunFileError
from venuewatch.rehearsal.runfile.file import AbortedError, RunFile
from venuewatch.rehearsal.runfile.rows import Step
from venuewatch.rehearsal.scenario import Scenario
from venuewatch.rehearsal.stage.guardian import Guardian
from venuewatch.rehearsal.stage.run import guardian_of

STAGE = "venuewatch-stage-of-a-test-1-"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the file of a run of which one scenario is played on a stage."""
    path = tmp_path / "run.sqlite"
    scenario = Scenario(
        number=1,
        kind="agent_killed",
        kind_id="1",
        title="A title",
        policy="a policy",
        venues=("STA",),
        seed=1,
        modes=("live",),
    )
    with RunFile.create(path, [scenario], plan="p", mode="live", seed=1, versions={}) as run:
        run.record_begun(1, world=STAGE, at=0.0)
    return path


def run_abort(path: Path) -> int:
    return abort.run(argparse.Namespace(run_file=path, why="a real failure"))


def test_nothing_begins_after_an_abort(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_abort(path) == 0

    assert capsys.readouterr().out.startswith("aborted: 0 faults undone")
    with RunFile.open(path) as run, pytest.raises(AbortedError):
        run.record(Step(1, "a step", "ordered", 1.0))


def test_an_abort_undoes_the_faults_of_a_run(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    undone = tmp_path / "undone"
    with Guardian(guardian_of(STAGE)) as guardian:
        guardian.play(lambda: None, ("touch", str(undone)))

        assert run_abort(path) == 0

        assert undone.exists()
    assert capsys.readouterr().out.startswith("aborted: 1 faults undone")


def test_an_abort_tells_what_it_could_not_undo(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "missing"
    with Guardian(guardian_of(STAGE)) as guardian:
        guardian.play(lambda: None, ("test", "-e", str(missing)))

        assert run_abort(path) == abort.NOT_HEALED

        missing.touch()  # so that it can be undone at the end
    assert capsys.readouterr().err == f"not undone: test -e {missing}: exit code 1\n"


def test_a_file_that_is_no_run_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run.sqlite"

    assert run_abort(path) == USAGE_ERROR

    assert str(path) in capsys.readouterr().err


def test_an_abort_that_can_not_be_written_heals_and_says_so(
    path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def refuse(_file: RunFile, _why: str) -> None:
        raise RunFileError("run.sqlite: the disk is full")

    monkeypatch.setattr(RunFile, "abort", refuse)
    undone = tmp_path / "undone"
    with Guardian(guardian_of(STAGE)) as guardian:
        guardian.play(lambda: None, ("touch", str(undone)))

        assert run_abort(path) == abort.NOT_HEALED

        assert undone.exists()
    said = capsys.readouterr()
    assert said.out.startswith("aborted: 1 faults undone")
    assert "until it is allowed again" not in said.out
    assert said.err == "not forbidden: run.sqlite: the disk is full\n"
