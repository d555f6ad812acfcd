"""View: the score reads just the columns that it may, and a run adds up."""

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.rehearsal.runfile.scenarios import HOST, fetch
from tests.rehearsal.score.runs import SLOT_S, WORLD, play, right_run
from venuewatch.rehearsal.runfile.database import RunFileError
from venuewatch.rehearsal.runfile.file import RunFile
from venuewatch.rehearsal.runfile.rows import Counter, Notice, Seen, Well
from venuewatch.rehearsal.score.columns import COLUMNS
from venuewatch.rehearsal.score.marks import Marks
from venuewatch.rehearsal.score.result import RunScore
from venuewatch.rehearsal.score.run import score_run

USED_OF_A_SCENARIO = {"number", "kind", "venues", "orders", "expected", "allowed", "counted"}
USED_OF_AN_ORDER = {"step", "targets"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.sqlite"


def scored(path: Path) -> RunScore:
    return score_run(path, Marks())


def decided(path: Path) -> list[Any]:
    """Return all of a score but what is shown beside it and decides nothing."""
    run = scored(path)
    return [
        (
            one.verdict,
            one.measures,
            [msgspec.structs.replace(it, opened_at=None) for it in one.answers],
        )
        for one in run.scored
    ] + [run.between, run.unwell, run.incidents, run.misses]


def unread(path: Path) -> Iterator[tuple[str, str]]:
    """Yield all columns of all tables that are not on the view's list."""
    for (table,) in fetch(path, "SELECT name FROM sqlite_master WHERE type = 'table'"):
        for column in fetch(path, f"PRAGMA table_info({table})"):
            if column[1] not in COLUMNS.get(table, ()):
                yield table, column[1]


def change_plan(path: Path) -> None:
    """Change everything of a scenario's text that a score may not know."""
    for number, text in fetch(path, "SELECT number, scenario FROM scenario"):
        plan = json.loads(text)
        for name in set(plan) - USED_OF_A_SCENARIO:
            plan[name] = "other"
        for order in plan["orders"]:
            for name in set(order) - USED_OF_AN_ORDER:
                order[name] = "other"
        changed = json.dumps(plan).replace("'", "''")
        fetch(path, f"UPDATE scenario SET scenario = '{changed}' WHERE number = {number}")  # noqa: S608


def test_a_right_run_passes(path: Path) -> None:
    right_run(path).close()

    run = scored(path)

    assert run.counts == {"pass": 3, "fail": 0, "void": 0, "not_judged": 0}
    assert (run.incidents, run.between, run.misses) == (3, (), ())


def test_no_other_column_changes_a_score(path: Path) -> None:
    right_run(path).close()
    before = decided(path)
    others = list(unread(path))

    for table, column in others:
        if (table, column) != ("run", "key"):
            fetch(path, f"UPDATE {table} SET {column} = 'other'")  # noqa: S608
    fetch(path, "UPDATE step SET at = at + 50 WHERE what IN ('ordered', 'armed')")
    fetch(path, "UPDATE seen SET opened_at = opened_at - 5")
    change_plan(path)

    assert {("run", "value"), ("scenario", "orders"), ("step", "detail")} < set(others)
    assert decided(path) == before


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE seen SET at = at + 5 WHERE change = 'opened'",
        "UPDATE seen SET cause = 'agent_stopped'",
        "UPDATE seen SET subject = 'venue:STA'",
        "UPDATE notice SET accepted = 0",
        "UPDATE witness SET sees = 'cant_see'",
        "UPDATE step SET at = at - 5 WHERE what = 'begun'",
        "UPDATE attempt SET void_reason = 'no room'",
        "INSERT INTO well VALUES ('w', 310.0, 'stage', 0, NULL, '')",
        "DELETE FROM seen WHERE change = 'closed'",
    ],
)
def test_each_column_that_counts_changes_a_score(path: Path, change: str) -> None:
    right_run(path).close()
    before = decided(path)

    fetch(path, change)

    assert decided(path) != before


def test_the_own_time_of_an_incident_is_shown_only(path: Path) -> None:
    right_run(path, 1).close()

    fetch(path, "UPDATE seen SET opened_at = 5.0")

    assert scored(path).scored[0].answers[0].opened_at == 5.0


def test_an_incident_of_nobody_is_a_false_alarm_between(path: Path) -> None:
    with right_run(path) as run:
        run.record(Seen(WORLD, 290.0, 90, "opened", "host:AQU/AQU-1", "host_down"))

    found = scored(path)

    assert [one.subject for one in found.between] == ["host:AQU/AQU-1"]
    assert found.misses == ("false alarms between scenarios: 1",)
    assert found.incidents == len(found.between) + sum(one.incidents for one in found.scored)


def test_a_notice_without_an_incident_is_one_of_its_own(path: Path) -> None:
    with right_run(path) as run:
        run.record(Notice(WORLD, 303.0, "webhook", 91, 1, "opened", "host:AQU/AQU-1", "host_down"))

    found = scored(path)

    assert found.scored[0].accused == ("host:AQU/AQU-1 (host_down)",)
    assert found.scored[0].measures["others"].verdict == "fail"


def test_an_unwell_monitor_between_scenarios_is_counted(path: Path) -> None:
    with right_run(path) as run:
        run.record(Well(WORLD, 400.0, "monitor", is_well=False))
        run.record(Well(WORLD, 340.0, "monitor", is_well=False, number=1))

    found = scored(path)

    assert found.misses == (
        "1 of 3 judged scenarios failed",
        "times the monitor was not well between scenarios: 1",
    )
    assert found.scored[0].measures["recovery"].verdict == "fail"


def test_what_went_with_a_killed_sitting_before_it_was_due_is_void(path: Path) -> None:
    right_run(path, 1).close()
    fetch(path, "DELETE FROM seen WHERE change = 'closed'")

    assert scored(path).scored[0].measures["recovery"].verdict == "void"

    with RunFile.open(path) as run:
        run.record(Well(WORLD, 400.0, "stage", is_well=True))
    assert scored(path).scored[0].measures["recovery"].verdict == "fail"


@pytest.mark.parametrize(("at", "void"), [(250.0, 1), (315.0, 1), (340.0, 0)])
def test_a_stage_that_is_unwell_for_a_while_voids_what_it_plays(
    path: Path, at: float, void: int
) -> None:
    with right_run(path, 1) as run:
        run.record(Well(WORLD, at, "stage", is_well=False))
        fetch(path, "DELETE FROM well WHERE is_well = 1")

    assert scored(path).counts["void"] == void


def test_an_unwell_stage_of_one_scenario_voids_no_other(path: Path) -> None:
    with right_run(path) as run:
        run.record(Well(WORLD, 310.0, "stage", is_well=False, number=2))

    assert scored(path).counts == {"pass": 2, "fail": 0, "void": 1, "not_judged": 0}


def test_more_than_two_in_a_hundred_void_is_no_success(path: Path) -> None:
    with right_run(path, 100):
        fetch(path, "UPDATE attempt SET void_reason = 'no room' WHERE number <= 2")
        at_the_mark = scored(path)
        fetch(path, "UPDATE attempt SET void_reason = 'no room' WHERE number <= 3")
        over = scored(path)

    assert at_the_mark.misses == ()
    assert over.misses == ("3.0% of the played scenarios are void, more than 2.0%",)


def test_only_the_last_attempt_is_judged(path: Path) -> None:
    with right_run(path, 1) as run:
        fetch(path, "UPDATE attempt SET state = 'interrupted'")
        fetch(path, "UPDATE seen SET cause = 'agent_stopped'")
        run.record_begun(1, world="w2", at=SLOT_S)
        run.record_ended(1, at=SLOT_S, void_reason="no room")

        found = scored(path)

    assert (found.scored[0].why, found.scored[0].incidents) == ("no room", 1)
    assert found.between == ()


def test_a_run_in_which_nothing_was_judged_is_no_success(path: Path) -> None:
    with right_run(path, 1):
        fetch(path, "DELETE FROM attempt")

    assert "no scenario was judged" in scored(path).misses


def test_one_incident_is_one_over_two_streams_of_an_aggregator(path: Path) -> None:
    with right_run(path, 1) as run:
        run.record(Seen(WORLD, 310.0, 1, "opened", HOST, "host_down"))

    assert scored(path).counts["pass"] == 1


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE seen SET subject = 'nowhere'",
        "UPDATE scenario SET scenario = '{}'",
        "UPDATE scenario SET scenario = replace(scenario, 'host:STA', 'STA')",
        "DROP TABLE seen",
    ],
)
def test_a_file_that_makes_no_sense_is_one_line(path: Path, change: str) -> None:
    right_run(path, 1).close()
    fetch(path, change)

    with pytest.raises(RunFileError, match=r"run\.sqlite: [^\n]+$"):
        scored(path)


@pytest.mark.parametrize("table", COLUMNS)
def test_no_value_in_any_column_ends_in_a_traceback(path: Path, table: str) -> None:
    with right_run(path, 2) as run:
        run.record(Counter(1, "lost_total", 1.0, 2.0))
    fetch(path, "PRAGMA journal_mode = DELETE")
    whole = path.read_bytes()

    for column in COLUMNS[table]:
        for value in ("'x'", "x'00ff'", "-1", "9e999", "''"):
            path.write_bytes(whole)
            with closing(sqlite3.connect(path)) as database, database:
                database.execute("PRAGMA ignore_check_constraints = 1")
                with contextlib.suppress(sqlite3.IntegrityError):  # two rows would be one
                    database.execute(f"UPDATE {table} SET {column} = {value}")  # noqa: S608
            with contextlib.suppress(RunFileError):
                assert len(scored(path).scored) <= 2


def test_scores_of_parallel_venues_keep_apart(path: Path) -> None:
    with right_run(path, 2) as run:
        run.record(Seen(WORLD, 303.5, 80, "opened", "host:STA/STA-2", "host_down"))

    found = scored(path)

    assert [one.verdict for one in found.scored] == ["fail", "pass"]


def test_play_is_what_a_controller_writes(path: Path) -> None:
    with right_run(path, 1) as run:
        fetch(path, "UPDATE attempt SET state = 'aborted'")
        fetch(path, "DELETE FROM seen")
        fetch(path, "DELETE FROM notice")
        play(run, 1, began=900.0)

    assert scored(path).counts["pass"] == 1
