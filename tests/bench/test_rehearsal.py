"""The bench of a live rehearsal reads figures from the file of a run, and says what is lacking."""

from pathlib import Path

import pytest

from aggregator.inventory import Inventory
from bench import __main__ as command
from bench.kit.rehearsed import done_of, rehearsed
from tests.rehearsal.runfile.scenarios import HOST, run_of, scenario
from venuewatch.rehearsal.live import room
from venuewatch.rehearsal.runfile.file import RunFile
from venuewatch.rehearsal.runfile.rows import Seen, Step, StepWhat, Witness
from venuewatch.rehearsal.stage.machine import StageError

STEPS: tuple[tuple[StepWhat, float], ...] = (
    ("ordered", 1.0),
    ("armed", 1.0),
    ("begun", 1.0),
    ("ended", 21.0),
    ("healed", 21.0),
)


def play(run: RunFile, number: int, at: float, *, world: str = "one", void: str = "") -> None:
    """Write that a scenario was played well, which took 40 s, and that its host was told down."""
    run.record_begun(number, world=world, at=at)
    for what, after_s in STEPS:
        run.record(Step(number, "off", what, at + after_s))
    for phase, sees, after_s in (("before", "no_effect", 0.5), ("during", "effect", 2.0)):
        run.record(Witness(number, "off", at + after_s, phase, sees))  # type: ignore[arg-type]
    run.record(Witness(number, "off", at + 22.0, "after", "healed"))
    run.record(Seen(world, at + 2.0, number, "opened", HOST, "host_down"))
    run.record(Seen(world, at + 23.0, number, "closed", HOST, "host_down"))
    run.record_ended(number, at=at + 40.0, void_reason=void)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the file of a run of five in two sittings, of which one was killed."""
    kinds = {4: "another_kind", 5: "kind_not_played"}
    scenarios = [
        scenario(number, kind=kinds.get(number, "server_power_off")) for number in range(1, 6)
    ]
    path = tmp_path / "run.sqlite"
    with run_of(path, scenarios, mode="live") as run:
        play(run, 1, 100.0)
        play(run, 2, 120.0)
        run.record_begun(3, world="one", at=130.0)
        run.record_ended(3, at=9_000.0, state="interrupted")
        play(run, 3, 9_100.0, world="two")
        play(run, 4, 9_200.0, world="two", void="the controller stood still")
    return path


def test_figures_of_a_run_are_those_of_what_was_played(path: Path) -> None:
    row = rehearsed("run", path).row

    assert (row["planned"], row["played"], row["kinds_not_played"]) == (5, 4, 1)
    assert row["void"] == 1
    assert row["void_share"] == 0.25
    assert row["not_judged"] == 1
    assert row["at_once"] == 2
    assert row["sittings"] == 2
    assert row["hours"] == round((59.0 + 139.0) / 3600, 2)


def test_scenarios_that_are_no_pass_are_named_with_the_reason(path: Path) -> None:
    lines = rehearsed("run", path).not_passed

    assert "void 4 another_kind at STA: the controller stood still" in lines


def test_somebody_else_who_is_accused_counts_once_a_scenario(path: Path) -> None:
    before = rehearsed("run", path).row["wrong_accusations"]
    assert isinstance(before, int)
    with RunFile.open(path) as run:
        run.record(Seen("one", 103.0, 77, "opened", "host:STA/STA-9", "host_down"))

    assert rehearsed("run", path).row["wrong_accusations"] == before + 1


def test_progress_of_a_run_is_read_while_it_is_made(path: Path, tmp_path: Path) -> None:
    (tmp_path / "made.sqlite").touch()

    assert done_of(path) == (4, 5)
    assert done_of(tmp_path / "made.sqlite") == (0, 0)
    assert done_of(tmp_path / "none.sqlite") == (0, 0)


def test_bench_says_what_this_machine_lacks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_inventory: Inventory) -> None:
        raise StageError("mosquitto (mosquitto) is not installed")

    monkeypatch.setattr(room, "check", refuse)

    assert command.main(["rehearsal"]) == command.NOT_WELL

    said = capsys.readouterr().err
    assert "rehearsal: mosquitto (mosquitto) is not installed\n" in said


def test_bench_keeps_nothing_in_a_folder_of_others(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(room, "check", lambda _inventory: None)
    (tmp_path / "letter.txt").touch()

    assert command.main(["rehearsal", "--keep", str(tmp_path)]) == command.NOT_WELL

    assert "expected a new folder, or one that a bench has kept" in capsys.readouterr().err
    assert [each.name for each in tmp_path.iterdir()] == ["letter.txt"]
