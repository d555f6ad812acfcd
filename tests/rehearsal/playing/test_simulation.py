"""A simulated run: over any number of processes, and after any kill, the same comes of it."""

import contextlib
import sqlite3
from pathlib import Path

import pytest

from tests.rehearsal.playing.test_simulated import FLEET, scenario_of
from venuewatch.rehearsal.playing import simulation
from venuewatch.rehearsal.playing.simulated import play_world
from venuewatch.rehearsal.playing.worlds import divided
from venuewatch.rehearsal.runfile.file import AbortedError, RunFile
from venuewatch.rehearsal.scenario import Scenario

SEED = 5
ALONE = ("aggregator_restarted", "broker_restarted", "broker_lost")


@pytest.fixture
def scenarios() -> list[Scenario]:
    return [scenario_of(kind, number=number) for number, kind in enumerate(ALONE, 1)]


def create(path: Path, scenarios: list[Scenario]) -> RunFile:
    return RunFile.create(path, scenarios, plan="p", mode="simulated", seed=SEED, versions={})


def play(file: RunFile, *, jobs: int = 1, stop_after: int = 1_000) -> None:
    done = [0]

    def on_progress(number: int, _of: int) -> None:
        done[0] = number

    simulation.play(
        file, FLEET, jobs=jobs, on_progress=on_progress, is_stopped=lambda: done[0] >= stop_after
    )


def content(file: RunFile) -> list[tuple[object, ...]]:
    """Return all rows of a run, in an order of their own."""
    found: list[tuple[object, ...]] = []
    with contextlib.closing(sqlite3.connect(file.path)) as database:
        for table in ("attempt", "step", "witness", "seen", "notice", "counter", "well"):
            rows = database.execute(f"SELECT * FROM {table}")  # noqa: S608 - a name of ours
            found += [(table, *map(str, row)) for row in rows]
    return sorted(found, key=str)


@pytest.mark.long
def test_the_same_comes_of_a_run_with_two_processes_and_after_it_was_stopped(
    tmp_path: Path, scenarios: list[Scenario]
) -> None:
    with create(tmp_path / "one", scenarios) as one, create(tmp_path / "two", scenarios) as two:
        play(one)
        play(two, jobs=2, stop_after=1)
        play(two, jobs=2)

        assert content(one) == content(two)
        assert simulation.counts(one) == {"ended": 3}


def test_run_that_was_aborted_writes_nothing_more(
    tmp_path: Path, scenarios: list[Scenario]
) -> None:
    (world, *_) = divided(scenarios, FLEET, SEED)
    played = play_world(world, FLEET)
    with create(tmp_path / "run", scenarios) as file:
        file.abort()

        with pytest.raises(AbortedError):
            file.record_world(played.endings, played.rows)

        assert {each.state for each in file.scenarios()} == {"waiting"}


def test_world_is_written_whole_or_not_at_all(tmp_path: Path, scenarios: list[Scenario]) -> None:
    (world, *_) = divided(scenarios, FLEET, SEED)
    played = play_world(world, FLEET)
    unknown = played.endings[0]._replace(number=99)
    with create(tmp_path / "run", scenarios) as file:
        with pytest.raises(ValueError, match="99"):
            file.record_world((*played.endings, unknown), played.rows)

        assert content(file) == []


def test_nothing_is_played_twice(tmp_path: Path, scenarios: list[Scenario]) -> None:
    with create(tmp_path / "run", scenarios[:1]) as file:
        play(file)
        before = content(file)
        play(file)

        assert content(file) == before
