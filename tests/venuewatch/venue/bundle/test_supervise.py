"""The supervisor with real processes; it changes users, so it needs root."""

import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from venuewatch.venue.bundle.host.machine import Machine, RefusedError
from venuewatch.venue.bundle.host.program import Program
from venuewatch.venue.bundle.host.supervise import Supervisor

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
]

GIVE_UP_S = 20.0
START = 'open("{folder}/starts", "a").write("x"); '
TELL = (
    "import os, socket, time; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); "
    's.sendto(b"READY=1\\nSTATUS=connected to 10.0.0.1", os.environ["NOTIFY_SOCKET"]); '
)


class Played(Program):
    """A program of root's, so that the test needs no user of its own."""

    @property
    def user(self) -> str:
        return "root"

    @property
    def words(self) -> list[str]:
        return [sys.executable, "-c", self.name]


class Quick(Machine):
    """A machine on which no time is spent between two starts; its clock can run fast."""

    pace = 1.0

    def monotonic(self) -> float:
        return super().monotonic() * self.pace

    def sleep(self, wait_s: float) -> None:
        assert wait_s == 1.0


@pytest.fixture
def folder() -> Iterator[Path]:
    """Make a folder with a short name: the path of a Unix socket has 107 bytes at most."""
    found = Path(tempfile.mkdtemp())
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    was = {number: signal.getsignal(number) for number in numbers}
    yield found
    for number, handler in was.items():
        signal.signal(number, handler)
    shutil.rmtree(found)


def supervised(machine: Machine, code: str, until: Callable[[], bool]) -> tuple[int, bool]:
    """Run a program until something is true; return the exit code, and if it came true."""
    supervisor = Supervisor(machine, Played(code.format(folder=machine.root)))
    came_true: list[bool] = []

    def watch() -> None:
        for _ in range(int(GIVE_UP_S / 0.05)):
            if until():
                came_true.append(True)
                break
            time.sleep(0.05)
        supervisor.stop(signal.SIGTERM, None)

    watching = threading.Thread(target=watch)
    watching.start()
    code_ = supervisor.run()
    watching.join()
    return code_, bool(came_true)


def said(folder: Path) -> dict[str, object]:
    try:
        found: dict[str, object] = json.loads((folder / "run/root.json").read_text())
    except FileNotFoundError:
        return {}
    return found


def starts(folder: Path) -> int:
    path = folder / "starts"
    return len(path.read_text()) if path.exists() else 0


def test_status_of_the_program_is_written_down(folder: Path) -> None:
    code, is_told = supervised(
        Quick(folder),
        TELL + "time.sleep(60)",
        lambda: said(folder).get("status") == "connected to 10.0.0.1",
    )

    assert (code, is_told) == (0, True)
    assert [path.name for path in (folder / "run").iterdir()] == ["root.lock"]


def test_program_that_ended_is_started_again(folder: Path) -> None:
    _, is_again = supervised(Quick(folder), START, lambda: starts(folder) > 2)

    assert is_again


def test_program_with_a_wrong_configuration_is_not_started_again(folder: Path) -> None:
    code, _ = supervised(
        Quick(folder),
        START + "import sys; sys.exit(2)",
        lambda: starts(folder) > 0 and not said(folder),
    )

    assert (code, starts(folder)) == (2, 1)


def test_program_that_stands_still_is_killed_and_started_again(folder: Path) -> None:
    machine = Quick(folder)
    machine.pace = 20.0

    stands_still = START + TELL + "time.sleep(60)"
    _, is_again = supervised(machine, stands_still, lambda: starts(folder) > 1)

    assert is_again


def test_second_supervisor_is_refused(folder: Path) -> None:
    machine = Quick(folder)
    program = Played("time.sleep(60)")

    with (
        machine.alone(program.lock, refusal=""),
        pytest.raises(RefusedError, match="another supervisor keeps root running"),
    ):
        Supervisor(machine, program).run()


def test_program_that_is_not_installed_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Quick(folder)
    monkeypatch.setattr(machine, "has_user", lambda _name: False)

    with pytest.raises(RefusedError, match="is installed here: there is no user root"):
        Supervisor(machine, Played("agent")).run()
