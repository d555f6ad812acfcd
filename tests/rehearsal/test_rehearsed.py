"""A rehearsal from the run sheet to the score: the monitor as it is passes it."""

import csv
import io
from pathlib import Path

import pytest

from tests.rehearsal.second.figures import differences
from venuewatch.cli import main
from venuewatch.rehearsal.fleet import standard_fleet
from venuewatch.rehearsal.plan import folder
from venuewatch.rehearsal.plan.sheet import digest_of_sheet
from venuewatch.rehearsal.playing import simulation
from venuewatch.rehearsal.reporting.build import build
from venuewatch.rehearsal.reporting.gather import gather
from venuewatch.rehearsal.runfile.file import RunFile
from venuewatch.rehearsal.score.marks import load
from venuewatch.rehearsal.score.run import score_run

PLANNED = 200
PLAYED = 100
SEED = 2024


@pytest.mark.long
@pytest.mark.timeout(600)
def test_hundred_scenarios_are_passed_and_nobody_else_is_accused(tmp_path: Path) -> None:
    plan, run = tmp_path / "plan", tmp_path / "run.sqlite"
    asked = ("--scenarios", PLANNED, "--days", 1, "--officers", 16, "--seed", SEED)
    assert main(["rehearse", "plan", *map(str, asked), "--out", str(plan)]) == 0
    sheet = folder.read(plan)
    scenarios = [row.scenario for row in sheet.rows]
    chosen = [each for each in scenarios if "simulated" in each.modes][:PLAYED]
    digest = digest_of_sheet(sheet)
    with RunFile.create(run, chosen, plan=digest, mode="simulated", seed=SEED, versions={}) as file:
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
    report = build(gather(run, load(), plan))
    assert differences(report, run, slots=slots_of(plan)) == []


def slots_of(plan: Path) -> dict[int, tuple[str, str]]:
    """Return officer and hour of each scenario, as the table of a plan has them."""
    text = (plan / "plan.csv").read_text(encoding="utf-8-sig")
    rows = csv.DictReader(io.StringIO(text))
    return {int(row["number"]): (row["officer"], f"{row['starts_utc'][:2]}:00 UTC") for row in rows}
