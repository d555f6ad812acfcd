"""The run's file: whole or not there, refused in one line, and written by one controller."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rehearsal.runfile.scenarios import HOST, fetch, run_of, scenario
from venuewatch.rehearsal.runfile import database, schema
from venuewatch.rehearsal.runfile.database import RunFileError
from venuewatch.rehearsal.runfile.file import AbortedError, ControlledError, RunFile
from venuewatch.rehearsal.runfile.rows import (
    Counter,
    Notice,
    Row,
    Seen,
    Step,
    Well,
    Witness,
    counted_name,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.sqlite"


def count(path: Path, table: str) -> int:
    ((found,),) = fetch(path, f"SELECT count(*) FROM {table}")  # noqa: S608
    return int(found)


def test_a_run_is_read_as_it_was_made(path: Path) -> None:
    made = [scenario(number) for number in (3, 1, 2)]

    run_of(path, made, versions={"venuewatch": "1.2"}).close()

    with RunFile.read(path) as run:
        about, played = run.about(), run.scenarios()
    assert (about.plan, about.mode, about.seed) == ("a" * 64, "simulated", 7)
    assert (about.versions, about.is_aborted) == ({"venuewatch": "1.2"}, False)
    assert [one.scenario for one in played] == sorted(made, key=lambda one: one.number)
    assert {one.state for one in played} == {"waiting"}


def test_a_scenario_goes_its_way_from_waiting_to_ended(path: Path) -> None:
    with run_of(path, [scenario()]) as run:
        attempt = run.record_begun(1, world="w1", at=100.0)
        begun = run.scenarios()[0]
        run.record_ended(1, at=130.0)
        ended = run.scenarios()[0]

    assert attempt == 1
    assert (begun.state, begun.began_at, begun.is_finished) == ("begun", 100.0, False)
    assert (ended.state, ended.world, ended.ended_at) == ("ended", "w1", 130.0)
    assert ended.is_finished


def test_an_interrupted_scenario_is_begun_again_beside_the_first(path: Path) -> None:
    with run_of(path, [scenario(), scenario(2)]) as run:
        run.record_begun(1, world="w1", at=1.0)
        run.record(
            Step(1, "off", "ordered", 2.0), Step(1, "off", "armed", 2.0), Step(1, "on", "armed", 3)
        )
        run.record(Step(1, "on", "healed", 4.0))
        unfinished = run.unfinished()
        run.record_ended(1, at=5.0, state="interrupted")
        again = run.record_begun(1, world="w2", at=1.0)
        run.record(Step(1, "off", "armed", 2.0))

    assert unfinished == {1: ("off",)}
    assert again == 2
    assert fetch(path, "SELECT attempt FROM step WHERE step = 'off'") == [(1,), (1,), (2,)]


def test_a_scenario_without_a_step_is_unfinished_too(path: Path) -> None:
    with run_of(path, [scenario()]) as run:
        run.record_begun(1, world="w", at=1.0)

        assert run.unfinished() == {1: ()}


@pytest.mark.parametrize(
    "row",
    [
        Step(1, "off", "begun", 2.0, "detail"),
        Witness(1, "off", 2.0, "during", "effect"),
        Seen("w", 2.0, 5, "opened", HOST, "host_down", 3, 1.5, "a"),
        Notice("w", 2.0, "webhook", 5, 1, "opened", HOST, "host_down"),
        Counter(1, "lost_total", 1.0, None),
        Well("w", 2.0, "stage", is_well=False, detail="the line ended"),
    ],
    ids=lambda row: type(row).__name__,
)
def test_a_row_is_there_when_the_call_returns(path: Path, row: Row) -> None:
    with run_of(path, [scenario()]) as run:
        run.record_begun(1, world="w", at=1.0)

        run.record(row)

        assert count(path, type(row).__name__.lower()) == 1


@pytest.mark.parametrize(
    "row",
    [
        Step(2, "off", "begun", 2.0),
        Step(1, "off", "begun", float("nan")),
        Step(1, "off", "broken", 2.0),  # type: ignore[arg-type]
        Witness(1, "off", 2.0, "during", "something"),  # type: ignore[arg-type]
        Seen("w", 2.0, 5, "shut", HOST, "host_down"),  # type: ignore[arg-type]
    ],
    ids=["another scenario", "no time", "step", "witness", "change"],
)
def test_rows_that_no_score_could_read_are_a_bug(path: Path, row: Row) -> None:
    with run_of(path, [scenario()]) as run:
        run.record_begun(1, world="w", at=1.0)

        with pytest.raises(ValueError, match="does not take"):
            run.record(Well("w", 2.0, "stage", is_well=True), row)

    assert count(path, "well") == 0


@pytest.mark.parametrize(
    ("number", "words"), [(9, "expected the number of a scenario, got 9"), (1, "is begun already")]
)
def test_a_scenario_begins_once(path: Path, number: int, words: str) -> None:
    with run_of(path, [scenario()]) as run:
        run.record_begun(1, world="w", at=1.0)

        with pytest.raises(ValueError, match=words):
            run.record_begun(number, world="w", at=2.0)


def test_after_an_abort_nothing_begins_until_it_is_allowed(path: Path) -> None:
    with run_of(path, [scenario(), scenario(2)]) as run, RunFile.open(path) as other:
        run.record_begun(1, world="w", at=1.0)

        other.abort("by hand")

        with pytest.raises(AbortedError, match="was aborted: --allow lets it go on"):
            run.record_begun(2, world="w", at=2.0)
        with pytest.raises(AbortedError):
            run.record(Step(1, "off", "ordered", 2.0))
        run.record(Step(1, "off", "healed", 3.0))
        run.record_ended(1, at=3.0, state="aborted")
        other.allow()
        assert run.record_begun(1, world="w", at=4.0) == 2


def test_a_second_controller_is_told_who_plays(path: Path) -> None:
    with run_of(path, [scenario()]) as first, RunFile.open(path) as second:
        first.take_control()

        with pytest.raises(ControlledError, match=r"run\.sqlite: is played by process \d+ on "):
            second.take_control()
        first.close()
        second.take_control()


def test_a_run_is_not_made_over_another(path: Path) -> None:
    run_of(path, [scenario()]).close()

    with pytest.raises(RunFileError, match="expected a new file, got one with something in it"):
        run_of(path, [])

    assert count(path, "scenario") == 1


def test_of_two_that_make_a_run_at_once_one_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = database.create(path)
    run_of(path, [scenario()]).close()
    monkeypatch.setattr(database, "create", lambda _: late)

    with pytest.raises(RunFileError, match="expected a new file"):
        run_of(path, [])

    assert count(path, "scenario") == 1


def other_database(path: Path) -> None:
    fetch(path, "CREATE TABLE notes (text TEXT)")


def newer(path: Path) -> None:
    run_of(path, []).close()
    fetch(path, f"PRAGMA user_version = {schema.SCHEMA + 1}")


def cut_short(path: Path) -> None:
    run_of(path, [scenario(number) for number in range(50)]).close()
    path.write_bytes(path.read_bytes()[:6_000])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda _: None, "No such file or directory"),
        (Path.mkdir, "expected a regular file, got a directory"),
        (lambda path: path.write_bytes(b""), "got one with nothing in it"),
        (lambda path: path.write_text("[run]\n" * 200), "got another kind of file"),
        (other_database, "expected the file of a run, got another database"),
        (newer, "expected a run's file of schema 1, got 2: a newer venuewatch made it"),
        (cut_short, "the file is damaged"),
    ],
    ids=["none", "folder", "empty", "text", "database", "newer", "cut"],
)
@pytest.mark.parametrize("way", [RunFile.open, RunFile.read], ids=["open", "read"])
def test_another_file_is_refused_in_one_line(
    path: Path, make: Callable[[Path], object], words: str, way: Callable[[Path], RunFile]
) -> None:
    make(path)

    with pytest.raises(RunFileError) as refused, way(path) as run:
        run.scenarios()

    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_another_database_is_left_as_it_is(path: Path) -> None:
    other_database(path)
    before = path.read_bytes()

    with pytest.raises(RunFileError):
        run_of(path, [scenario()])

    assert path.read_bytes() == before


def test_a_run_of_another_plan_is_refused(path: Path) -> None:
    with run_of(path, []) as run:
        run.check_plan("a" * 64)

        with pytest.raises(RunFileError, match="expected the run of plan bbbb"):
            run.check_plan("b" * 64)


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM run WHERE key = 'seed'",
        "UPDATE run SET value = 'many' WHERE key = 'seed'",
        "UPDATE run SET value = 'half' WHERE key = 'mode'",
        "UPDATE run SET value = '[]' WHERE key = 'versions'",
        "UPDATE scenario SET scenario = '{}'",
        "DROP TABLE run",
    ],
)
def test_a_run_that_makes_no_sense_is_one_line(path: Path, change: str) -> None:
    run_of(path, [scenario()]).close()
    fetch(path, change)

    with RunFile.read(path) as run, pytest.raises(RunFileError, match=r"^/[^\n]+: [^\n]+$"):
        run.about(), run.scenarios()


def test_a_full_disk_is_one_line_and_loses_nothing_written(path: Path) -> None:
    with run_of(path, [scenario()]) as run:
        run.record_begun(1, world="w", at=1.0)
        (pages,) = run._connection.execute("PRAGMA page_count").fetchone()  # noqa: SLF001
        run._connection.execute(f"PRAGMA max_page_count = {pages}")  # noqa: SLF001

        with pytest.raises(RunFileError, match=r"run\.sqlite: the disk is full"):
            run.record(*[Step(1, "off", "begun", 2.0, "x" * 100)] * 1_000)

        assert run.unfinished() == {1: ()}
        run._connection.execute("PRAGMA max_page_count = 100000")  # noqa: SLF001
        run.record(Step(1, "off", "begun", 2.0))
        run.record_ended(1, at=3.0)
    assert count(path, "step") == 1


def test_a_run_is_read_while_it_is_written(path: Path) -> None:
    with run_of(path, [scenario()]) as run, RunFile.read(path) as reader:
        run.record_begun(1, world="w", at=1.0)

        assert reader.scenarios()[0].state == "begun"


def test_a_counted_number_is_named_with_its_labels() -> None:
    assert counted_name("lost_total", {}) == "lost_total"
    assert counted_name("lost_total", {"venue": "STA", "host": "A"}) == (
        'lost_total{host="A",venue="STA"}'
    )
