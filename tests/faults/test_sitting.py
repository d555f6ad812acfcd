"""A sitting plays what is left of a run with real programs, and leaves nothing."""

import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from aggregator.inventory import HostEntry, Inventory, VenueEntry
from tests.faults.stage import staged
from venuewatch.rehearsal.live.programs import until
from venuewatch.rehearsal.playing.sitting import Progress, play_sitting
from venuewatch.rehearsal.runfile.file import AbortedError, RunFile
from venuewatch.rehearsal.scenario import Order, Scenario
from venuewatch.rehearsal.stage import leftovers
from venuewatch.rehearsal.stage.machine import names

pytestmark = [pytest.mark.real, pytest.mark.timed, pytest.mark.timeout(400)]

INVENTORY: Final = Inventory(
    tuple(
        VenueEntry(code, host=tuple(HostEntry(f"{code}-{at}") for at in range(1, 4)))
        for code in ("STA", "MAR")
    )
)


def scenario(number: int, fault: str, target: str, venue: str) -> Scenario:
    order = Order(step="a step", at_s=0.0, fault=fault, targets=(target,), lasts_s=4.0)
    return Scenario(
        number=number,
        kind=fault,
        kind_id="1",
        title="A title",
        policy="a policy",
        venues=(venue,),
        seed=1,
        modes=("live",),
        orders=(order,),
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with staged():
        pass
    path = tmp_path / "run.sqlite"
    scenarios = [
        scenario(1, "agent_killed", "host:STA/STA-2", "STA"),
        scenario(2, "uplink_cut", "venue:MAR", "MAR"),
    ]
    with RunFile.create(path, scenarios, plan="p", mode="live", seed=1, versions={}) as run:
        run.record_begun(1, world="an earlier sitting", at=0.0)
    return path


def test_a_sitting_plays_all_that_is_left_and_leaves_nothing(path: Path) -> None:
    played: list[Progress] = []

    assert play_sitting(path, INVENTORY, played.append) == 2

    assert [(each.scenario.number, each.ending) for each in played] == [
        (1, ("ended", "")),
        (2, ("ended", "")),
    ]
    with RunFile.read(path) as run:
        found = {each.scenario.number: (each.state, each.attempts) for each in run.scenarios()}
        worlds = {each.world for each in run.scenarios()}
    assert found == {1: ("ended", 2), 2: ("ended", 1)}
    (world,) = worlds
    assert told(path, "seen") >= {("host:STA/STA-2", "opened"), ("venue:MAR", "opened")}
    assert told(path, "notice") >= {("host:STA/STA-2", "opened"), ("venue:MAR", "opened")}
    assert not [name for name in names() if name.startswith(world)]
    assert not [left for left in leftovers.find() if world in left.name]
    assert play_sitting(path, INVENTORY) == 0


def test_a_killed_sitting_leaves_nothing_and_the_next_one_goes_on(path: Path) -> None:
    command = [sys.executable, "-m", "tests.faults.test_sitting", str(path)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, start_new_session=True) as process:
        until("a fault has begun", lambda: has_begun(path), within_s=60.0)
        process.kill()
    prefix = f"{leftovers.FAMILY}{process.pid}-"

    until("its namespaces are gone", lambda: not any(prefix in name for name in names()))
    until("nothing is left", lambda: not [1 for each in leftovers.find() if prefix in each.name])
    with RunFile.read(path) as run:
        assert run.unfinished() == {1: ("a step",)}
    assert play_sitting(path, INVENTORY) == 2
    with RunFile.read(path) as run:
        assert [(each.state, each.attempts) for each in run.scenarios()] == [
            ("ended", 3),
            ("ended", 1),
        ]


def has_begun(path: Path) -> bool:
    connection = sqlite3.connect(path)
    begun = connection.execute("SELECT count(*) FROM step WHERE what = 'begun'").fetchone()
    connection.close()
    return bool(begun[0])


def told(path: Path, table: str) -> set[tuple[str, str]]:
    """Return what was told in a run, by an independent query."""
    connection = sqlite3.connect(path)
    rows = connection.execute(f"SELECT subject, change FROM {table}")  # noqa: S608 - ours
    found = set(rows.fetchall())
    connection.close()
    return found


def test_a_run_that_was_aborted_is_not_played(path: Path) -> None:
    with RunFile.open(path) as run:
        run.abort()

    with pytest.raises(AbortedError):
        play_sitting(path, INVENTORY)


if __name__ == "__main__":  # a sitting in a process of its own, to be killed
    play_sitting(Path(sys.argv[1]), INVENTORY)
