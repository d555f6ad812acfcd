"""A controller of its own: plays one fault on a stage that another process has made.

``controller.py PREFIX FAULT PID`` says "played", and then waits for a word: at "raise" it raises,
at any other it returns, without having ended its fault. PID is the process to be frozen.
"""

import signal
import sys
from collections.abc import Callable, Mapping
from typing import Final

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
LASTS_S: Final = 4.0
"""The fixed length of every fault that has one."""


def change_line(run: Run, lan: Lan, settings: Settings) -> None:
    faults.change_line(run.guardian, lan.uplink, settings, lasts_s=LASTS_S)


FAULTS: Final[Mapping[str, Callable[[Run, Lan, int], object]]] = {
    "cut": lambda run, lan, _pid: change_line(run, lan, Settings(CUT, CUT)),
    "cut upward": lambda run, lan, _pid: change_line(run, lan, Settings(up=CUT)),
    "cut downward": lambda run, lan, _pid: change_line(run, lan, Settings(down=CUT)),
    UNGUARDED: lambda _run, lan, _pid: lan.uplink.cut(),
    "slow line": lambda run, lan, _pid: change_line(run, lan, Settings(SLOW, SLOW)),
    "lossy line": lambda run, lan, _pid: change_line(run, lan, Settings(LOSSY, LOSSY)),
    "cable": lambda _run, lan, _pid: lan.unplug(HOST, lasts_s=LASTS_S),
    "interface": lambda run, _lan, _pid: faults.unplug(
        run.guardian, Machine(run.prefix, f"1-{HOST}"), "eth0", lasts_s=LASTS_S
    ),
    "uplink down": lambda run, lan, _pid: faults.unplug(
        run.guardian, lan.router, "uplink", lasts_s=LASTS_S
    ),
    "centre's end down": lambda run, _lan, _pid: faults.unplug(
        run.guardian, Machine(run.prefix, "centre"), "venue1", lasts_s=LASTS_S
    ),
    "refused": lambda run, lan, _pid: block(
        run.guardian, Machine(run.prefix, "centre"), [lan.address(HOST)], lasts_s=LASTS_S
    ),
    "frozen": lambda run, _lan, pid: faults.freeze(run.guardian, pid, lasts_s=LASTS_S),
}


def play(prefix: str, fault: str, pid: int) -> None:
    with Guardian(ADDRESS, LEASE_S, of=prefix) as guardian:
        run = Run(prefix, guardian)
        lan = Lan(run, 1, Machine(prefix, "centre"))
        FAULTS[fault](run, lan, pid)
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
        play(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    else:
        make()
