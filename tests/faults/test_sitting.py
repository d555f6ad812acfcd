"""A sitting plays what is left of a run with real programs, many at once, and leaves nothing."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from aggregator.inventory import HostEntry, Inventory, VenueEntry
from tests.faults.stage import staged
from tests.rehearsal.runfile.scenarios import fetch, run_of
from venuewatch.rehearsal.live.programs import pause, until
from venuewatch.rehearsal.playing.player import Progress
from venuewatch.rehearsal.playing.sitting import play_sitting
from venuewatch.rehearsal.runfile.file import AbortedError, RunFile
from venuewatch.rehearsal.scenario import Order, Scenario
from venuewatch.rehearsal.stage import leftovers
from venuewatch.rehearsal.stage.guardian import LEASE_S
from venuewatch.rehearsal.stage.machine import names

pytestmark = [pytest.mark.real, pytest.mark.timed, pytest.mark.timeout(400)]

VENUES: Final = ("STA", "MAR", "LYO", "NIC", "BOR", "TAH", "VER", "ARE")
HOSTS: Final = 2
HIT: Final = 4
"""How many of the eight are hit: pairs are 14 s apart, since a broker may give up silent hosts."""

_SINCE: Final = """
    SELECT coalesce(min(step.at), attempt.began_at), attempt.ended_at
    FROM attempt LEFT JOIN step USING (number, attempt) GROUP BY attempt.number
"""


def scenario(number: int, venue: str, *, fault: str = "agent_killed", lasts_s: float) -> Scenario:
    """Return one in which nothing is done where ``fault`` is empty."""
    host = f"host:{venue}/{venue}-2"
    target = f"venue:{venue}" if fault == "uplink_cut" else host
    order = Order(step="a step", at_s=0.0, fault=fault, targets=(target,), lasts_s=lasts_s)
    return Scenario(
        number=number,
        kind=fault or "nothing",
        kind_id="1",
        title="A title",
        policy="a policy",
        venues=(venue,),
        seed=1,
        modes=("live",),
        orders=(order,) if fault else (),
    )


def inventory_of(venues: int) -> Inventory:
    entries = (
        VenueEntry(code, host=tuple(HostEntry(f"{code}-{at}") for at in range(1, HOSTS + 1)))
        for code in VENUES[:venues]
    )
    return Inventory(tuple(entries))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the file of a run can be; skip where there can be no stage."""
    with staged():
        pass
    return tmp_path / "run.sqlite"


def two(path: Path) -> None:
    """Make the file of a run of two, of which an earlier sitting has begun the first."""
    scenarios = [
        scenario(1, "STA", lasts_s=4.0),
        scenario(2, "MAR", fault="uplink_cut", lasts_s=4.0),
    ]
    with run_of(path, scenarios, mode="live") as run:
        run.record_begun(1, world="an earlier sitting", at=0.0)


@contextmanager
def controller(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Yield a process that plays a run at two venues, once a fault has begun."""
    command = [sys.executable, "-m", "tests.faults.test_sitting", str(path)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, start_new_session=True) as process:
        try:
            until("a fault has begun", lambda: has_begun(path), within_s=60.0)
            yield process
        finally:
            process.kill()


def has_begun(path: Path) -> bool:
    return fetch(path, "SELECT 1 FROM step WHERE what = 'begun' LIMIT 1") != []


def kept(path: Path) -> int:
    """Return how many journals are beside a run."""
    return len(list(path.parent.glob(f"{path.name}.journal-*.db")))


def told(path: Path, table: str) -> set[tuple[Any, ...]]:
    """Return what was told in a run, by an independent query."""
    return set(fetch(path, f"SELECT subject, change FROM {table}"))  # noqa: S608 - ours


def test_eight_venues_play_at_once_and_nothing_is_left(path: Path) -> None:
    scenarios = [
        scenario(number, code, fault="agent_killed" if number <= HIT else "", lasts_s=30.0)
        for number, code in enumerate(VENUES, start=1)
    ]
    run_of(path, scenarios, mode="live").close()
    played: list[Progress] = []

    assert play_sitting(path, inventory_of(len(VENUES)), played.append) == len(VENUES)

    assert {each.scenario.number: each.ending for each in played} == dict.fromkeys(
        range(1, len(VENUES) + 1), ("ended", "")
    )
    spans = fetch(path, _SINCE)
    assert max(sum(one <= begin < end for one, end in spans) for begin, _ in spans) == len(VENUES)
    hit = {f"host:{code}/{code}-2" for code in VENUES[:HIT]}
    for table in ("seen", "notice"):
        assert {each for each in told(path, table) if each[1] != "sharpened"} == {
            (host, change) for host in hit for change in ("opened", "closed")
        }
    ((world,),) = fetch(path, "SELECT DISTINCT world FROM attempt")
    assert not [name for name in names() if name.startswith(world)]
    assert not [left for left in leftovers.find() if world in left.name]
    assert play_sitting(path, inventory_of(len(VENUES))) == 0


def test_a_killed_sitting_leaves_nothing_and_the_next_one_goes_on(path: Path) -> None:
    two(path)
    with controller(path) as process:
        process.kill()
    prefix = f"{leftovers.FAMILY}{process.pid}-"

    until("its namespaces are gone", lambda: not any(prefix in name for name in names()))
    until("nothing is left", lambda: not [1 for each in leftovers.find() if prefix in each.name])
    with RunFile.read(path) as run:
        assert 1 in run.unfinished()
    assert kept(path) == 1
    assert play_sitting(path, inventory_of(2)) == 2
    with RunFile.read(path) as run:
        assert {each.state for each in run.scenarios()} == {"ended"}
        assert {each.void_reason for each in run.scenarios()} == {""}
    assert kept(path) == 2


def test_what_a_controller_played_that_hung_is_void_and_it_goes_on(path: Path) -> None:
    scenarios = [scenario(1, "STA", lasts_s=20.0), scenario(2, "STA", fault="", lasts_s=0.0)]
    run_of(path, scenarios, mode="live").close()
    with controller(path) as process:
        process.send_signal(signal.SIGSTOP)
        pause(LEASE_S + 1.0)
        process.send_signal(signal.SIGCONT)
        assert process.wait(120.0) == 0

    with RunFile.read(path) as run:
        hung, next_one = run.scenarios()
    assert hung.void_reason.startswith(("the controller stood still", "step a step: its guardian"))
    assert (next_one.state, next_one.void_reason) == ("ended", "")


def test_a_run_that_was_aborted_is_not_played(path: Path) -> None:
    two(path)
    with RunFile.open(path) as run:
        run.abort()

    with pytest.raises(AbortedError):
        play_sitting(path, inventory_of(2))


if __name__ == "__main__":  # a sitting in a process of its own, to be killed
    play_sitting(Path(sys.argv[1]), inventory_of(2))
