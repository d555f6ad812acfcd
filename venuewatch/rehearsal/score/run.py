"""Scores a whole run: its file by the view, each scenario by itself, and what belongs to none."""

from pathlib import Path

import msgspec

from venuewatch.rehearsal.score import view
from venuewatch.rehearsal.score.marks import Marks
from venuewatch.rehearsal.score.result import RunScore
from venuewatch.rehearsal.score.scoring import score


def score_run(path: Path, marks: Marks) -> RunScore:
    """Score the run of the file at ``path``.

    Raises:
        RunFileError: it is of something else, or can't be read.
    """
    run = view.read(path, after_s=marks.after_s)
    return RunScore(
        marks=marks,
        scored=tuple(
            msgspec.structs.replace(
                score(case.scenario, case.evidence, marks), incidents=case.incidents
            )
            for case in run.cases
        ),
        between=run.between,
        unwell=run.unwell,
        incidents=run.incidents,
    )
