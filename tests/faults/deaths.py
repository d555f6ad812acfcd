"""Deaths of those who hold a live fault, while the world that it is played in goes on.

The controller is a copy of this process, with a guardian of its own. So the world outlives both,
and the witness of the fault can be asked.
"""

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, NoReturn, TextIO

from aggregator.core.incidents.record import Subject
from tests.faults.stage import end_timers, timers
from tests.faults.world import World
from venuewatch.rehearsal.faults import Fault
from venuewatch.rehearsal.live.host import Host
from venuewatch.rehearsal.live.programs import until
from venuewatch.rehearsal.live.receiver import Receiver
from venuewatch.rehearsal.live.timetable import Timetable
from venuewatch.rehearsal.stage.guardian import LEASE_S, Guardian

UNDONE_S: Final = 2.0
LONG_S: Final = 60.0
"""A fault of this length is not over by itself before a test is."""

BRIEF_S: Final = 1.0
LATER_S: Final = 0.5
"""How long (s) after its fixed length a fault lasts where a timer ends it."""


class Death(NamedTuple):
    """What befalls those who hold a fault of a length (s): ``is_timed`` where that ends it."""

    strike: Callable[["Controller"], None]
    lasts_s: float = LONG_S
    is_timed: bool = False


class Controller:
    """A process that plays a fault, and what is said between it and us."""

    def __init__(self, pid: int, said: TextIO, words: TextIO) -> None:
        self.pid = pid
        self._said = said
        self._words = words
        self.guardian = int(self.hears("played"))

    def hears(self, what: str) -> str:
        """Return what it says of what it has done."""
        done, _, more = self._said.readline().strip().partition(" ")
        assert done == what, f"expected {what}, got {done} {more}"
        return more

    def mend(self) -> None:
        """Have it mend its fault, and go on."""
        self._words.write("mend\n")
        self._words.flush()
        self.hears("mended")

    def forget(self) -> None:
        """Go on, and never mend it."""

    def be_killed(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def be_stopped(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def lose_its_guardian(self) -> None:
        os.kill(self.guardian, signal.SIGKILL)

    def be_killed_with_its_guardian(self) -> None:
        self.be_stopped()  # or it would undo the fault in between
        self.lose_its_guardian()
        self.be_killed()


DEATHS: Final = {
    "controller killed": Death(Controller.be_killed),
    "controller stopped": Death(Controller.be_stopped),
    "guardian killed": Death(Controller.lose_its_guardian),
    "both killed": Death(Controller.be_killed_with_its_guardian, BRIEF_S, is_timed=True),
    "controller forgets": Death(Controller.forget, BRIEF_S, is_timed=True),
}


@contextlib.contextmanager
def played(world: World, fault: Fault, subject: Subject) -> Iterator[Controller]:
    """Yield a controller whose fault has begun; neither it nor its guardian is left afterwards."""
    prefix = prefix_of(world)
    hears, says = os.pipe()
    reads, writes = os.pipe()
    pid = os.fork()
    if not pid:
        _control(world, fault, subject, prefix, (reads, says))
    os.close(says)
    os.close(reads)
    with os.fdopen(hears) as said, os.fdopen(writes, "w") as words:
        try:
            yield Controller(pid, said, words)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            end_timers(prefix)


def await_timers(world: World, within_s: float) -> None:
    """Wait until all timers have undone what they are for: its effect may have ended before."""
    of = prefix_of(world)
    until("all timers are over", lambda: not timers(of), within_s=within_s)


def prefix_of(world: World) -> str:
    """Return what the names of a world's namespaces begin with."""
    return world.centre.namespace.removesuffix("centre")


def _control(
    world: World, fault: Fault, subject: Subject, prefix: str, ways: tuple[int, int]
) -> NoReturn:
    """Play a fault until we are killed, and mend it when we are told to."""
    reads, says = ways
    try:
        with Guardian(lease_s=LEASE_S, of=prefix) as guardian:
            _hand_over(world, guardian)
            with _own_receiver(world, fault):
                mend = fault.begin_live(world, subject)
                os.write(says, f"played {guardian.pid}\n".encode())
                while os.read(reads, 64):
                    mend()
                    os.write(says, b"mended\n")
    except BaseException as error:  # noqa: BLE001 - it is told to the test
        os.write(says, f"failed {error!r}\n".encode())
    finally:
        os._exit(1)


@contextlib.contextmanager
def _own_receiver(world: World, fault: Fault) -> Iterator[None]:
    """Have a receiver of notices in this process where a fault is one of it."""
    if fault.SEEN_BY != "receiver":
        yield
        return
    with Receiver(world.centre, "", lambda _row: None) as receiver:
        world.receiver = receiver
        yield


def _hand_over(world: World, guardian: Guardian) -> None:
    """Have all faults of a copy of the world held by this guardian, on lines of its own."""
    world._guardian = guardian  # noqa: SLF001
    world.run = world.run._replace(guardian=guardian)
    world.timetable = Timetable()
    for lan in world.lans.values():
        lan._run = lan._run._replace(guardian=guardian)  # noqa: SLF001
        if lan.uplink._commands is not None:  # noqa: SLF001
            lan.uplink._commands.close()  # noqa: SLF001
            lan.uplink._commands = None  # noqa: SLF001


def restart_agent_of(world: World, subject: Subject) -> Host:
    """Restart the agent of a host, the first of a venue, or the first of all; return its host."""
    code = subject.venue or next(iter(world.lans))
    host = world.hosts[subject.host] if subject.host else world.venue(code)[0]
    if host.agent.is_running:
        host.agent.kill()
    host.start()
    return host
