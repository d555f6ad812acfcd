"""No fault outlives its controller, however that ends."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Final

import psutil
import pytest

from tests.faults.controller import ADDRESS, FAULTS, UNGUARDED
from tests.faults.stage import Site, datagrams, end_timers, staged
from tests.integration.real import until
from venuewatch.base import clock
from venuewatch.rehearsal.stage.faults import freeze
from venuewatch.rehearsal.stage.guardian import Guardian, abort
from venuewatch.rehearsal.stage.machine import StageError, names, set_kernel
from venuewatch.rehearsal.stage.network import CENTRE
from venuewatch.rehearsal.stage.run import Run
from venuewatch.rehearsal.stage.undoing import Run as Undoing

pytestmark = [pytest.mark.real, pytest.mark.timed]

CONTROLLER = Path(__file__).with_name("controller.py")
UNDONE_S = 2.0
LATER_S = 1.0
"""How long (s) after its fixed length a fault may last where nobody but a timer ends it."""

LASTS_S = 4.0
"""The fixed length of a fault: longer than its undoing may take, which it must not be taken for."""

BRIEF_S = 2.0
"""That of one that has to end by it."""

MEANS: Final = ("cut", "cable", "interface", "refused", "frozen")
"""A fault of each way in which the stage breaks anything: these meet every end of a controller."""

OTHERS: Final = [fault for fault in FAULTS if fault not in {*MEANS, UNGUARDED}]
TURNS: Final = 5
ANSWER_S = 0.2

Controller = subprocess.Popen[str]


END: dict[str, Callable[[Controller], None]] = {
    "killed": lambda process: process.kill(),
    "all of its group killed": lambda process: os.killpg(process.pid, signal.SIGKILL),
    "all of its group interrupted": lambda process: os.killpg(process.pid, signal.SIGINT),
    "stands still": lambda process: process.send_signal(signal.SIGSTOP),
    "returns": lambda process: tell(process, "return"),
    "raises": lambda process: tell(process, "raise"),
}

MORE_ENDS: Final = [end for end in END if end not in {"killed", "stands still"}]


def faults_of(turn: int) -> list[str]:
    """Return the faults that meet one of ``TURNS`` ends: each other fault meets one of them."""
    return [*MEANS, *OTHERS[turn::TURNS]]


class Scene:
    """A site, a process to be frozen, and packets that show the state of the line."""

    def __init__(self, run: Run) -> None:
        self.prefix = run.prefix
        self.site = Site(run)
        self.sleeper = subprocess.Popen(self.site.host.command("sleep", "600"))
        for machine, device in ((self.site.host, "eth0"), (self.site.lan.router, "lan")):
            set_kernel(machine.namespace, [(f"ipv4/neigh/{device}/retrans_time_ms", "100")])
        self._near = datagrams(self.site.host, self.site.lan.address(1))
        self._far = datagrams(self.site.centre, CENTRE)
        for end in (self._near, self._far):
            end.settimeout(ANSWER_S)
        self._numbers = iter(range(1_000_000))

    def is_well(self) -> bool:
        """Tell whether a packet goes up and another down at once, and the process runs."""
        return (
            psutil.Process(self.sleeper.pid).status() != psutil.STATUS_STOPPED
            and self._passes(self._near, self._far)
            and self._passes(self._far, self._near)
        )

    def close(self) -> None:
        self._near.close()
        self._far.close()
        self.site.close()
        self.sleeper.kill()
        self.sleeper.wait()

    def _passes(self, sender: socket.socket, receiver: socket.socket) -> bool:
        packet = next(self._numbers).to_bytes(4)
        with contextlib.suppress(OSError):
            sender.sendto(packet, receiver.getsockname())
            while receiver.recv(9) != packet:
                pass
            return True
        return False


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with staged() as run:
        made = Scene(run)
        yield made
        made.close()


@pytest.fixture(autouse=True)
def no_timer_is_left(scene: Scene) -> Iterator[None]:
    yield
    end_timers(scene.prefix)


@contextlib.contextmanager
def controller(*words: object) -> Iterator[tuple[Controller, str]]:
    """Yield a controller that has done as told, and the last word that it said then."""
    with subprocess.Popen(
        [sys.executable, "-I", str(CONTROLLER), *map(str, words)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().split()[-1]
        finally:
            process.kill()


def tell(process: Controller, word: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{word}\n")
    process.stdin.flush()


def assert_it_is_undone(scene: Scene) -> None:
    begin = clock.monotonic()
    until("all is as before", scene.is_well, within_s=UNDONE_S)
    print(f"as before after {clock.monotonic() - begin:.2f} s")


@pytest.mark.parametrize(
    ("fault", "end"),
    [
        *((fault, "killed") for fault in (UNGUARDED, *faults_of(0))),
        *((fault, "stands still") for fault in faults_of(1)),
        *zip(cycle(MEANS), MORE_ENDS, strict=False),
    ],
)
def test_a_fault_is_undone_when_its_controller_ends(fault: str, end: str, scene: Scene) -> None:
    with controller(scene.prefix, fault, scene.sleeper.pid, LASTS_S) as (process, _):
        until("the fault is there", lambda: not scene.is_well())
        END[end](process)

        assert_it_is_undone(scene)


@pytest.mark.parametrize("fault", faults_of(2))
def test_a_fault_is_undone_when_its_guardian_is_killed(fault: str, scene: Scene) -> None:
    with controller(scene.prefix, fault, scene.sleeper.pid, LASTS_S) as (process, guardian):
        until("the fault is there", lambda: not scene.is_well())
        os.kill(int(guardian), signal.SIGKILL)

        assert_it_is_undone(scene)
        assert process.poll() is None


@pytest.mark.parametrize("fault", faults_of(3))
def test_a_fault_ends_by_itself_when_controller_and_guardian_are_killed(
    fault: str, scene: Scene
) -> None:
    with controller(scene.prefix, fault, scene.sleeper.pid, BRIEF_S) as (process, guardian):
        until("the fault is there", lambda: not scene.is_well())
        os.kill(int(guardian), signal.SIGKILL)
        process.kill()

        until("all is as before", scene.is_well, within_s=BRIEF_S + LATER_S + UNDONE_S)


@pytest.mark.parametrize("fault", ["cut", "cable", "frozen", "refused"])
def test_a_fault_that_its_controller_forgets_ends_after_its_length(
    fault: str, scene: Scene
) -> None:
    with controller(scene.prefix, fault, scene.sleeper.pid, BRIEF_S) as (process, _):
        until("the fault is there", lambda: not scene.is_well())

        until("all is as before", scene.is_well, within_s=BRIEF_S + UNDONE_S)
        assert process.poll() is None


@pytest.mark.parametrize("fault", faults_of(4))
def test_an_abort_by_another_process_undoes_a_fault(fault: str, scene: Scene) -> None:
    with controller(scene.prefix, fault, scene.sleeper.pid, LASTS_S) as (process, _):
        until("the fault is there", lambda: not scene.is_well())

        undone = abort(ADDRESS)

        assert_it_is_undone(scene)
        assert undone is not None
        assert (len(undone.numbers), undone.failed) == (1, ())
        assert process.poll() is None


def test_no_fault_begins_after_an_abort(scene: Scene) -> None:
    with Guardian(ADDRESS) as guardian:
        freeze(guardian, scene.sleeper.pid).end()  # so the guardian listens
        abort(ADDRESS)

        until("it is refused", lambda: is_refused(guardian, scene.sleeper.pid))
        until("all is as before", scene.is_well, within_s=UNDONE_S)


def is_refused(guardian: Guardian, pid: int) -> bool:
    """Tell whether a fault is refused; the word that all is aborted may be on its way still."""
    try:
        freeze(guardian, pid)
    except StageError as error:
        return "the run was aborted" in str(error)
    return False


def test_an_abort_where_no_guardian_listens_says_so() -> None:
    assert abort("venuewatch-no-such-guardian") is None


def test_no_fault_begins_without_a_guardian(scene: Scene) -> None:
    with Guardian() as guardian:
        os.kill(guardian.pid, signal.SIGKILL)
        until("it is gone", lambda: not psutil.pid_exists(guardian.pid))

        with pytest.raises(StageError, match="the guardian has ended"):
            freeze(guardian, scene.sleeper.pid)

    assert scene.is_well()


def test_faults_are_undone_in_reverse_though_one_fails(tmp_path: Path) -> None:
    said = tmp_path / "said"

    def play_three() -> None:
        with Guardian() as guardian:
            for undo in (f"echo 1 >> {said}", "exit 3", f"echo 2 >> {said}"):
                guardian.play(lambda: None, ("sh", "-c", undo))

    with pytest.raises(StageError, match=r"^sh -c exit 3: exit code 3$"):
        play_three()

    assert said.read_text().split() == ["2", "1"]


def test_a_fault_that_could_not_begin_is_undone_at_once(tmp_path: Path) -> None:
    said = tmp_path / "said"
    with Guardian() as guardian, pytest.raises(ProcessLookupError):
        guardian.play(lambda: os.kill(2**22 + 1, 0), ("touch", str(said)))

    assert said.exists()


def test_a_stage_is_gone_when_its_maker_is_killed() -> None:
    with controller() as (process, prefix):
        line = newest_line_of(psutil.Process(process.pid))
        process.kill()

        until("the namespaces are gone", lambda: not stands(prefix))
        until("the line has ended", lambda: not line.is_running())


def newest_line_of(maker: psutil.Process) -> psutil.Process:
    lines = [child for child in maker.children() if "delay_line" in " ".join(child.cmdline())]
    return max(lines, key=psutil.Process.create_time)


def stands(prefix: str) -> bool:
    return any(name.startswith(prefix) for name in names())


def test_a_killed_line_is_told_to_its_controller() -> None:
    with staged() as run:
        site = Site(run)
        newest_line_of(psutil.Process()).kill()

        with pytest.raises(StageError, match="an uplink's process has ended"):
            site.lan.uplink.cut()
        site.close()


def test_what_its_guardian_could_not_undo_is_undone_at_its_end(tmp_path: Path) -> None:
    can_be_undone, undone = tmp_path / "can be undone", tmp_path / "undone"
    undo = ("sh", "-c", f"test -e '{can_be_undone}' && touch '{undone}'")
    with Guardian() as guardian:
        fault = guardian.play(lambda: None, undo, lasts_s=0.1)
        until("the guardian has tried", lambda: fault.undone_by_guardian is not None)
        can_be_undone.touch()

        fault.end()

        assert undone.exists()


def test_a_process_that_has_another_ones_id_is_not_continued() -> None:
    with subprocess.Popen(["sleep", "600"]) as process, Guardian() as guardian:
        fault = freeze(guardian, process.pid)
        (undo,) = guardian._undo.values()  # noqa: SLF001
        assert isinstance(undo, Undoing)
        as_of_another = undo.words[:-1]

        subprocess.run([*as_of_another, "1"], check=True)

        assert is_stopped(process.pid)
        fault.end()
        until("it goes on", lambda: not is_stopped(process.pid))
        process.kill()


def is_stopped(pid: int) -> bool:
    return bool(psutil.Process(pid).status() == psutil.STATUS_STOPPED)


def test_a_process_that_has_ended_can_not_be_frozen() -> None:
    with subprocess.Popen(["true"]) as process:
        process.wait()

    with Guardian() as guardian, pytest.raises(StageError, match="has ended"):
        freeze(guardian, process.pid)


ASKS_ITSELF_TO_END: Final = """\
sh -c 'kill -TERM $$; echo >"$1"' sh "$1"
echo >"$2"
"""


def test_what_a_guardian_starts_obeys_a_request_to_end(tmp_path: Path) -> None:
    survived, over = tmp_path / "survived", tmp_path / "over"
    undo = Undoing(("sh", "-c", ASKS_ITSELF_TO_END, "sh", str(survived), str(over)))

    with Guardian() as guardian:
        guardian.play(lambda: None, undo, lasts_s=0.1)
        until("it is over", over.exists)

    assert not survived.exists()
