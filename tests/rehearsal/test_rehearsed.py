"""A rehearsal from the run sheet to the score: the monitor as it is passes it."""

from pathlib import Path

import pytest

from venuewatch.cli import main
from venuewatch.rehearsal.fleet import standard_fleet
from venuewatch.rehearsal.plan import folder
from venuewatch.rehearsal.playing import simulation
from venuewatch.rehearsal.runfile.file import RunFile
from venuewatch.rehearsal.score.marks import load
from venuewatch.rehearsal.score.run import score_run

PLANNED = 160
PLAYED = 100
SEED = 2024


@pytest.mark.long
@pytest.mark.timeout(600)
def test_hundred_scenarios_are_passed_and_nobody_else_is_accused(tmp_path: Path) -> None:
    plan, run = tmp_path / "plan", tmp_path / "run.sqlite"
    asked = ("--scenarios", PLANNED, "--days", 1, "--officers", 16, "--seed", SEED)
    assert main(["rehearse", "plan", *map(str, asked), "--out", str(plan)]) == 0
    scenarios = [row.scenario for row in folder.read(plan).rows]
    chosen = [each for each in scenarios if "simulated" in each.modes][:PLAYED]
    with RunFile.create(run, chosen, plan="p", mode="simulated", seed=SEED, versions={}) as file:
        simulation.play(
            file,
            standard_fleet(),
            jobs=2,
            on_progress=lambda _done, _of: None,
            is_stopped=lambda: False,
        )

    score = score_run(run, load())

    bad = [(one.number, one.kind, one.verdict) for one in score.scored if one.verdict != "pass"]
    assert bad == []
    assert score.between == ()
    assert len(score.scored) == PLAYED
