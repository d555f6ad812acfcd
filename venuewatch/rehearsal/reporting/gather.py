"""Gathers what a report is made of: a score, the run's file, and the run sheet where it is given.

Of the file it takes what the score may not know: titles, policies, and when steps were ordered.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from venuewatch.base.config import one_line
from venuewatch.rehearsal.plan import folder
from venuewatch.rehearsal.plan.sheet import Row, digest_of_sheet
from venuewatch.rehearsal.runfile.database import RunFileError, in_one_line, open_for_reading
from venuewatch.rehearsal.runfile.file import RunFile
from venuewatch.rehearsal.runfile.rows import About
from venuewatch.rehearsal.scenario import Scenario
from venuewatch.rehearsal.score.marks import Marks
from venuewatch.rehearsal.score.result import RunScore
from venuewatch.rehearsal.score.run import score_run


class Gathered(NamedTuple):
    """A run as a report sees it. ``ordered``: when the steps of a scenario's last attempt were.

    ``rows``: of the run sheet, by number; empty where there is none.
    """

    path: Path
    score: RunScore
    about: About
    scenarios: Mapping[int, Scenario]
    ordered: Mapping[int, Mapping[str, float]]
    rows: Mapping[int, Row]


def gather(path: Path, marks: Marks, plan: Path | None = None) -> Gathered:
    """Read and score a run.

    Raises:
        RunFileError: it is of something else, of another plan, or can't be read.
        ConfigError: the plan can't be read.
    """
    sheet = None if plan is None else folder.read(plan)
    with RunFile.read(path) as run:
        if sheet is not None:
            run.check_plan(digest_of_sheet(sheet))
        about = _about(run)
        scenarios = {one.scenario.number: one.scenario for one in run.scenarios()}
    return Gathered(
        path,
        score_run(path, marks),
        about,
        scenarios,
        _ordered(path),
        {} if sheet is None else {row.scenario.number: row for row in sheet.rows},
    )


def _about(run: RunFile) -> About:
    try:
        return run.about()
    except (KeyError, ValueError) as error:
        raise RunFileError(
            f"{one_line(run.path)}: expected the file of a run, got one without {one_line(error)}"
        ) from None


def _ordered(path: Path) -> dict[int, dict[str, float]]:
    found: dict[int, dict[str, float]] = {}
    database = open_for_reading(path)
    try:
        with in_one_line(path):
            rows = database.execute(
                "SELECT number, step, min(at) FROM step JOIN played USING (number, attempt)"
                " WHERE what = 'ordered' GROUP BY number, step ORDER BY min(at)"
            ).fetchall()
    finally:
        database.close()
    for number, step, at in rows:
        found.setdefault(number, {})[step] = at
    return found
