"""An abort heals 39 venues within two seconds, each with a fault of its own."""

import argparse
import socket
from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Final, NamedTuple

import psutil
import pytest

from tests.faults.foreign import beside
from tests.faults.stage import staged
from tests.rehearsal.runfile.scenarios import scenario
from venuewatch.base import clock
from venuewatch.rehearsal.commands import abort
from venuewatch.rehearsal.live import guarded
from venuewatch.rehearsal.live.programs import Process, until
from venuewatch.rehearsal.runfile.file import RunFile
from venuewatch.rehearsal.stage.blocking import block
from venuewatch.rehearsal.stage.delay_line import Settings, Way
from venuewatch.rehearsal.stage.faults import change_line, freeze
from venuewatch.rehearsal.stage.machine import Machine, inside
from venuewatch.rehearsal.stage.network import Lan, make_centre
from venuewatch.rehearsal.stage.run import Run

pytestmark = [pytest.mark.real, pytest.mark.timed, pytest.mark.timeout(400)]

VENUES: Final = 39
ABORTED_S: Final = 2.0
HOST: Final = 1
CUT: Final = Way(is_cut=True)
CLOSED_PORT: Final = 9
ANSWER_S: Final = 0.3


class Venue(NamedTuple):
    """A venue of one host, on which one program runs."""

    lan: Lan
    program: Process


class Stage:
    """A stage of as many venues as a rehearsal has, without agents."""

    def __init__(self, run: Run, folder: Path) -> None:
        self.run = run
        self.centre = Machine(run.prefix, "centre")
        make_centre(self.centre)
        self.venues: list[Venue] = []
        for number in range(1, VENUES + 1):
            lan = Lan(run, number, self.centre)
            lan.make(HOST)
            program = Process(folder, f"sleeper-{number}", "sleep", "600").at(lan.hosts[HOST])
            self.venues.append(Venue(lan, program.guard().start()))

    def close(self) -> None:
        for venue in self.venues:
            venue.lan.close()
            if venue.program.is_running:
                venue.program.kill()


def cut(stage: Stage, venue: Venue) -> object:
    return change_line(stage.run.guardian, venue.lan.uplink, Settings(CUT, CUT))


def unplug(_: Stage, venue: Venue) -> object:
    return venue.lan.unplug(HOST)


def refuse(stage: Stage, venue: Venue) -> object:
    return block(stage.run.guardian, stage.centre, [venue.lan.address(HOST)])


def hang(stage: Stage, venue: Venue) -> object:
    return freeze(stage.run.guardian, venue.program.pid)


def kill(stage: Stage, venue: Venue) -> object:
    return guarded.end(stage.run.guardian, venue.program)


FAULTS: Final[tuple[Callable[[Stage, Venue], object], ...]] = (cut, unplug, refuse, hang, kill)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged() as run:
        made = Stage(run, tmp_path)
        yield made
        made.close()


def is_well(stage: Stage, venue: Venue) -> bool:
    """Tell whether its host answers the centre, and its program runs and does not stand still."""
    if not venue.program.is_running:
        return False
    if psutil.Process(venue.program.pid).status() == psutil.STATUS_STOPPED:
        return False
    return answers(stage.centre, venue.lan.address(HOST))


def answers(centre: Machine, address: str) -> bool:
    """Tell whether a kernel refuses a connection from the centre, and so was reached."""

    def connect() -> None:
        socket.create_connection((address, CLOSED_PORT), ANSWER_S).close()

    try:
        inside(centre.namespace, connect)
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return True


def test_an_abort_heals_39_venues_within_two_seconds(
    stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run.sqlite"
    with RunFile.create(path, [scenario()], plan="p", mode="live", seed=1, versions={}) as file:
        file.record_begun(1, world=stage.run.prefix, at=0.0)
    assert all(is_well(stage, venue) for venue in stage.venues)
    with beside(stage.centre) as foreign:
        for play, venue in zip(cycle(FAULTS), stage.venues, strict=False):
            play(stage, venue)
        assert not any(is_well(stage, venue) for venue in stage.venues)

        begin = clock.monotonic()
        assert abort.run(argparse.Namespace(run_file=path, why="a real failure")) == 0
        took_s = clock.monotonic() - begin

        for venue in stage.venues:  # a neighbour is asked for again once a second
            until("a venue is well", partial(is_well, stage, venue), within_s=ABORTED_S)
        assert foreign.is_untouched()
    assert capsys.readouterr().out.startswith(f"aborted: {VENUES} faults undone")
    assert took_s <= ABORTED_S
