"""A controller of its own: plays one fault on a stage that another process has made.

``controller.py PREFIX FAULT PID LASTS_S`` says "played", and then waits for a word: at "raise" it
raises, at any other it returns, without having ended its fault. PID is the process to be frozen.
"""

import signal
import sys
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from venuewatch.rehearsal.stage import faults
from venuewatch.rehearsal.stage.blocking import block
from venuewatch.rehearsal.stage.delay_line import Settings, Way
from venuewatch.rehearsal.stage.guardian import LEASE_S, Guardian
from venuewatch.rehearsal.stage.machine import Machine
from venuewatch.rehearsal.stage.network import Lan, make_centre
from venuewatch.rehearsal.stage.run import Run, run_of_namespaces

SLOW: Final = Way(delay_s=0.3)
LOSSY: Final = Way(loss=1.0)
CUT: Final = Way(is_cut=True)
HOST: Final = 1
UNGUARDED: Final = "cut without a guardian"
ADDRESS: Final = "venuewatch-guardian-of-a-test"


class Played(NamedTuple):
    """What a fault is played on: a venue, or a process; ``lasts_s`` is its fixed length."""

    run: Run
    lan: Lan
    pid: int
    lasts_s: float

    def change_line(self, settings: Settings) -> object:
        return faults.change_line(
            self.run.guardian, self.lan.uplink, settings, lasts_s=self.lasts_s
        )

    def unplug(self, machine: str, device: str) -> object:
        of = Machine(self.run.prefix, machine)
        return faults.unplug(self.run.guardian, of, device, lasts_s=self.lasts_s)


def refuse(on: Played) -> object:
    centre = Machine(on.run.prefix, "centre")
    return block(on.run.guardian, centre, [on.lan.address(HOST)], lasts_s=on.lasts_s)


FAULTS: Final[Mapping[str, Callable[[Played], object]]] = {
    "cut": lambda on: on.change_line(Settings(CUT, CUT)),
    "cut upward": lambda on: on.change_line(Settings(up=CUT)),
    "cut downward": lambda on: on.change_line(Settings(down=CUT)),
    UNGUARDED: lambda on: on.lan.uplink.cut(),
    "slow line": lambda on: on.change_line(Settings(SLOW, SLOW)),
    "lossy line": lambda on: on.change_line(Settings(LOSSY, LOSSY)),
    "cable": lambda on: on.lan.unplug(HOST, lasts_s=on.lasts_s),
    "interface": lambda on: on.unplug(f"1-{HOST}", "eth0"),
    "uplink down": lambda on: on.unplug("1", "uplink"),
    "centre's end down": lambda on: on.unplug("centre", "venue1"),
    "refused": refuse,
    "frozen": lambda on: faults.freeze(on.run.guardian, on.pid, lasts_s=on.lasts_s),
}


def play(prefix: str, fault: str, pid: int, lasts_s: float) -> None:
    with Guardian(ADDRESS, LEASE_S, of=prefix) as guardian:
        run = Run(prefix, guardian)
        lan = Lan(run, 1, Machine(prefix, "centre"))
        FAULTS[fault](Played(run, lan, pid, lasts_s))
        wait(f"played {guardian.pid}")


def make() -> None:
    """Make a stage of its own."""
    with run_of_namespaces() as run:
        centre = Machine(run.prefix, "centre")
        make_centre(centre)
        Lan(run, 1, centre).make(HOST)
        wait(f"made {run.prefix}")


def wait(said: str) -> None:
    print(said, flush=True)
    if sys.stdin.readline() == "raise\n":
        raise RuntimeError("as it was told")


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    if len(sys.argv) > 1:
        play(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
    else:
        make()
