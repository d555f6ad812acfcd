"""A run's file and the journal that is kept beside it say the same, and what differs is found."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from aggregator.shell.journal.schema import migrate
from tests.rehearsal.runfile.scenarios import fetch
from tests.rehearsal.score.runs import WORLD, right_run
from tests.rehearsal.second.__main__ import main
from tests.rehearsal.second.journal import differences, offset_of
from venuewatch.rehearsal.live import kept_journal
from venuewatch.rehearsal.live.kept_journal import keep

OFFSET_S = 1_000_000.0

_WRITTEN = f"""
ATTACH ? AS run;
INSERT INTO main.incidents SELECT incident, 'host', 'STA', 'STA-1', '', 'host_down', opened_at,
    NULL, at + {OFFSET_S}, 1, '[]', '[]', '[]' FROM run.seen WHERE change = 'closed';
INSERT INTO main.changes SELECT incident, seq, at + {OFFSET_S} - 0.3, change, cause FROM run.notice;
INSERT INTO main.transitions VALUES (1.0, 'STA', 'STA-1', 'up', 'down', 'silent', NULL);
INSERT INTO main.readings VALUES (1, 'STA-1', 'a', 'vitals', 1, 1, 1.0, x'00')
"""  # noqa: S608 - ours


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Return the file of a run of three scenarios, each with an incident."""
    path = tmp_path / "run.sqlite"
    right_run(path).close()
    return path


@pytest.fixture
def journal(tmp_path: Path, run: Path) -> Path:
    """Return the journal of the same, with a change that no checkpoint has brought into it."""
    path = tmp_path / "journal.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        migrate(database)
        for statement in _WRITTEN.split(";"):
            database.execute(statement, (str(run),) if "?" in statement else ())
    return path


def found(run: Path, journal: Path) -> set[str]:
    """Return what differs, without the rows."""
    said = differences(run, journal, offset_s=OFFSET_S)
    return {each.partition(":")[0] for each in said}


def test_kept_journal_says_what_the_run_says(run: Path, journal: Path) -> None:
    kept = keep(journal, run, WORLD)

    assert kept == run.with_name("run.sqlite.journal-1.db")
    assert differences(run, kept, offset_s=OFFSET_S) == []
    assert offset_of(run, kept) == pytest.approx(OFFSET_S - 0.1)
    assert fetch(kept, "SELECT count(*) FROM transitions") == [(1,)]
    assert sorted(fetch(kept, "SELECT name FROM sqlite_master")) == [
        ("changes",),
        ("incidents",),
        ("transitions",),
        ("world",),
    ]


LIES = {
    "DELETE FROM seen WHERE incident = 2": {"written, and not read"},
    "UPDATE seen SET incident = 9 WHERE incident = 2": {
        "written, and not read",
        "read, and not written",
        "a cause that was never written",
    },
    "UPDATE seen SET subject = 'venue:STA' WHERE incident = 2": {"another subject"},
    "UPDATE seen SET cause = 'silent' WHERE incident = 2": {
        "another cause at last",
        "a cause that was never written",
    },
    "UPDATE seen SET children = 3 WHERE incident = 2": {"another number of hosts"},
    "UPDATE seen SET opened_at = opened_at - 1 WHERE incident = 2": {"opened at another time"},
    "UPDATE seen SET change = 'opened' WHERE incident = 2": {
        "not opened once",
        "closed in one of both only",
        "read long after it was written",
    },
    "UPDATE seen SET at = at + 3 WHERE incident = 2": {"read long after it was written"},
    "DELETE FROM notice WHERE incident = 2 AND seq = 2": {"written, and no notice"},
    "UPDATE notice SET accepted = 0 WHERE incident = 2": {"written, and no notice"},
    "UPDATE notice SET cause = 'silent' WHERE incident = 2": {
        "written, and no notice",
        "a notice that was never written",
    },
    "UPDATE notice SET at = at + 3 WHERE incident = 2": {"told long after it was written"},
}


@pytest.mark.parametrize(("lie", "what"), LIES.items(), ids=LIES)
def test_what_a_run_says_otherwise_than_the_journal_is_found(
    run: Path, journal: Path, lie: str, what: set[str]
) -> None:
    kept = keep(journal, run, WORLD)
    assert kept is not None

    fetch(run, lie)

    assert found(run, kept) == what


def test_each_sitting_has_a_journal_of_its_own(run: Path, journal: Path) -> None:
    first, second = keep(journal, run, "one"), keep(journal, run, "two")

    assert second == run.with_name("run.sqlite.journal-2.db")
    assert first is not None
    assert second is not None
    assert fetch(first, "SELECT name FROM world") == [("one",)]
    assert fetch(second, "SELECT name FROM world") == [("two",)]


def test_no_more_than_the_latest_rows_are_kept(
    run: Path, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_journal, "ROWS_MAX", 2)

    kept = keep(journal, run, WORLD)

    assert kept is not None
    assert sorted(fetch(kept, "SELECT number FROM incidents")) == [(2,), (3,)]
    assert fetch(kept, "SELECT DISTINCT number FROM changes") == [(3,)]


def test_a_world_without_a_journal_keeps_nothing(tmp_path: Path, run: Path) -> None:
    empty = tmp_path / "empty.sqlite"
    empty.touch()

    assert keep(tmp_path / "none.sqlite", run, WORLD) is None
    assert keep(empty, run, WORLD) is None
    assert list(tmp_path.glob("*journal-*")) == []


def test_what_can_not_be_kept_is_one_line_and_leaves_nothing(
    tmp_path: Path,
    journal: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    nowhere = tmp_path / "gone" / "run.sqlite"
    monkeypatch.setattr("sys.argv", list(kept_journal.command(journal, nowhere, WORLD)[3:]))

    assert kept_journal.main() == 1

    said = capsys.readouterr().err
    assert said.startswith("the journal of this sitting is not kept: ")
    assert said.count("\n") == 1
    assert list(tmp_path.glob("**/*journal-*")) == []


@pytest.mark.parametrize(("lie", "code"), [("SELECT 1", 0), (next(iter(LIES)), 1)])
def test_one_command_checks_a_run_and_its_journals(
    run: Path,
    journal: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    lie: str,
    code: int,
) -> None:
    assert keep(journal, run, WORLD) is not None
    fetch(run, lie)
    monkeypatch.setattr("sys.argv", ["second", str(run)])

    assert main() == code

    said = capsys.readouterr().out.splitlines()
    assert said[-1] == f"{len(said) - 1} differences, 1 journals"
    assert (len(said) > 1) == bool(code)
