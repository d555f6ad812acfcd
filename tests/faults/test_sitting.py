"""A sitting that is killed, hangs or was aborted leaves nothing, and the next one goes on."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from aggregator.inventory import HostEntry, Inventory, VenueEntry
from tests.faults.stage import staged
from tests.rehearsal.runfile import scenarios
from tests.rehearsal.runfile.scenarios import fetch, run_of
from venuewatch.rehearsal.live.programs import pause, until
from venuewatch.rehearsal.playing.sitting import play_sitting
from venuewatch.rehearsal.runfile.file import AbortedError, RunFile
from venuewatch.rehearsal.scenario import Scenario
from venuewatch.rehearsal.stage import leftovers
from venuewatch.rehearsal.stage.guardian import LEASE_S
from venuewatch.rehearsal.stage.machine import names

pytestmark = [pytest.mark.real, pytest.mark.timed, pytest.mark.timeout(400)]

INVENTORY: Final = Inventory(
    tuple(
        VenueEntry(code, host=tuple(HostEntry(f"{code}-{at}") for at in (1, 2)))
        for code in ("STA", "MAR")
    )
)


def scenario(number: int, venue: str, *, fault: str = "agent_killed", lasts_s: float) -> Scenario:
    """Return one that expects nothing."""
    target = f"venue:{venue}" if fault == "uplink_cut" else f"host:{venue}/{venue}-2"
    return scenarios.scenario(
        number,
        kind=fault,
        venues=(venue,),
        modes=("live",),
        orders=(scenarios.order("a step", target, fault=fault, at_s=0.0, lasts_s=lasts_s),),
        expected=(),
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the file of a run can be; skip where there can be no stage."""
    with staged():
        pass
    return tmp_path / "run.sqlite"


def two(path: Path) -> None:
    """Make the file of a run of two, of which an earlier sitting has begun the first."""
    both = [
        scenario(1, "STA", lasts_s=4.0),
        scenario(2, "MAR", fault="uplink_cut", lasts_s=4.0),
    ]
    with run_of(path, both, mode="live") as run:
        run.record_begun(1, world="an earlier sitting", at=0.0)


@contextmanager
def controller(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Yield a process that plays a run, one after the other, once a fault has begun."""
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
    assert play_sitting(path, INVENTORY) == 2
    with RunFile.read(path) as run:
        assert {each.state for each in run.scenarios()} == {"ended"}
        assert {each.void_reason for each in run.scenarios()} == {""}
    assert kept(path) == 2


def test_what_a_controller_played_that_hung_is_void_and_it_goes_on(path: Path) -> None:
    both = [scenario(1, "STA", lasts_s=20.0), scenario(2, "MAR", lasts_s=1.0)]
    run_of(path, both, mode="live").close()
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
        play_sitting(path, INVENTORY)


if __name__ == "__main__":  # a sitting in a process of its own, to be killed
    play_sitting(Path(sys.argv[1]), INVENTORY, most=1)
