"""Programs of a live rehearsal: each a process, in a folder, at a place of its own.

Nothing waits for a fixed time: it asks until the answer is there, or fails with the question.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Protocol, Self, TypeVar

from venuewatch.base import clock
from venuewatch.base.config import one_line
from venuewatch.rehearsal.stage.machine import Machine, StageError
from venuewatch.rehearsal.stage.undoing import Run

T = TypeVar("T")

READY_S: Final = 15.0
START_S: Final = 60.0
"""How long a server may take to start: on a busy machine that takes long, and is not tested."""

_POLL_S: Final = 0.01
_END_S: Final = 10.0
_END_BY_ITSELF_S: Final = 15.0
_STANDING: Final = frozenset("TtZX")  # proc_pid_stat(5): stopped, traced, zombie, dead
_ENDING: Final = frozenset({signal.SIGTERM, signal.SIGKILL})
_RUNS: Final = 'pid=$(cat "$2" 2>/dev/null); [ "$(readlink "/proc/$pid/cwd")" = "$1" ]'
_START: Final = f"""\
{_RUNS} && exit 0
cd "$1" || exit 0
file=$2 log=$3
shift 3
setsid "$@" </dev/null >>"$log" 2>&1 &
echo $! >"$file"
"""
_KILL: Final = f'{_RUNS} && kill -KILL "$pid"; exit 0'


def until(
    what: str, ask: Callable[[], T | None], *, within_s: float = READY_S, every_s: float = _POLL_S
) -> T:
    """Return the first answer that is true; ask every ``every_s`` s.

    Raises:
        StageError: there was none within ``within_s`` s.
    """
    end = clock.monotonic() + within_s
    while True:
        answer = ask()
        if answer:
            return answer
        if clock.monotonic() >= end:
            raise StageError(f"not within {within_s:g} s: {what}")
        pause(every_s)


def pause(seconds: float) -> None:
    """Let time pass, where the length of a fault or a silence is what matters."""
    threading.Event().wait(seconds)


def program(name: str) -> str:
    """Return where a program is. Raises StageError."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if found is None:
        raise StageError(f"{name} is not installed")
    return found


class Place(Protocol):
    """A place where programs run."""

    def command(self, *words: str) -> Sequence[str]:
        """Return the command that runs ``words`` there."""

    def connect(self, address: str, port: int) -> socket.socket:
        """Return a TCP connection as a program there would make it. Raises OSError."""


class Here:
    """This machine, as it is."""

    def command(self, *words: str) -> Sequence[str]:
        """Return ``words`` as they are."""
        return words

    def connect(self, address: str, port: int) -> socket.socket:
        """Return a TCP connection from this machine. Raises OSError."""
        return socket.create_connection((address, port), READY_S)


HERE: Final = Here()


class Process:
    """A program that ends with its context, and whose output is kept in ``log``."""

    place: Place = HERE

    def __init__(self, folder: Path, name: str, *command: str) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._folder = folder
        self._command = command
        self._pid_file: Path | None = None
        self._is_told_to_end = False
        self._told: int | None = None
        self._process: subprocess.Popen[bytes]

    def at(self, place: Place) -> Self:
        """Have it run there, from its next start on."""
        self.place = place
        return self

    def run_through(self, *words: str) -> None:
        """Have Python run its module by these words, from its next start on.

        Raises:
            ValueError: it is not a module that an isolated Python runs.
        """
        python, *options = self._command
        if options[:2] != ["-I", "-m"]:
            raise ValueError(f"expected a module of ours, got {self._command}")
        self._command = (python, *words, *options[2:])

    def guard(self) -> Self:
        """Have its process id in a file, so that a guardian can start it again, or end it."""
        self._pid_file = self._folder / f"{self.name}.pid"
        return self

    def start(self) -> Self:
        """Start it, if it does not run; one that has to answer has answered when this returns."""
        if self.is_running:
            self._is_told_to_end = False
            return self
        command = self.place.command(*self._command)
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                command, cwd=self._folder, stdout=output, stderr=output
            )
        self._is_told_to_end = False
        if self._pid_file is not None:
            self._pid_file.write_text(f"{self.pid}\n", encoding="ascii")
        return self

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:  # it runs, and does not answer
            if self.is_running:
                self.kill()
            raise

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self.signal(signal.SIGCONT)
            self._process.terminate()
            try:
                self._process.wait(_END_S)
            except subprocess.TimeoutExpired:
                self.kill()

    def signal(self, number: int) -> None:
        """Send it a signal, if it runs."""
        self._is_told_to_end = self._is_told_to_end or number in _ENDING
        again = self._again()
        self._told = again or self._process.pid
        if again is None:
            self._process.send_signal(number)
        else:
            with contextlib.suppress(ProcessLookupError):
                os.kill(again, number)

    def stop(self) -> int:
        """Ask it to end, and return its exit code."""
        self.signal(signal.SIGTERM)
        return self.await_end()

    @property
    def is_running(self) -> bool:
        """Whether it was started, by us or again by a guardian, and has not ended."""
        is_ours = hasattr(self, "_process") and self._process.poll() is None
        return is_ours or self._again() is not None

    @property
    def has_crashed(self) -> bool:
        """Whether it ended by itself, and not well."""
        ended = {None, 0, -signal.SIGTERM, -signal.SIGKILL}
        return hasattr(self, "_process") and self._process.poll() not in ended

    @property
    def own_end(self) -> str:
        """How it ended by itself, or by somebody else than us; empty where it did not."""
        if not self._has_ended_by_itself() or not self._has_ended_by_itself():
            return ""  # a thread of ours may just have ended it, and started it again
        code, said = self._process.poll(), self.said().splitlines()[-1:]
        how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        last = f": {one_line(said[0])}" if said else ""
        return f"{self.name} has ended, which nothing here ordered ({how}){last}"

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._again() or self._process.pid

    def wait(self) -> int:
        """Return its exit code, once it has ended by itself."""
        return self._process.wait(_END_BY_ITSELF_S)

    def kill(self) -> None:
        """Kill it, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        self.await_end()

    def restart(self) -> None:
        """Ask it to end, and start it again."""
        self.stop()
        self.start()

    def starting(self) -> Run:
        """Return what starts it where it does not run, as nobody's child: so it outlives us."""
        place = self.place
        command = place.enter(*self._command) if isinstance(place, Machine) else self._command
        return Run(("sh", "-c", _START, "start", *self._found(), *command), is_start=True)

    def killing(self) -> Run:
        """Return what kills it where it runs."""
        return Run(("sh", "-c", _KILL, "kill", *self._found()))

    def _found(self) -> tuple[str, str, str]:
        """Return its folder, in which it runs, the file of its process id, and its log."""
        if self._pid_file is None:
            raise ValueError(f"expected a program with a guard, got {self.name}")
        return str(self._folder.resolve()), str(self._pid_file), str(self.log)

    def _has_ended_by_itself(self) -> bool:
        was_told = self._is_told_to_end
        is_gone = hasattr(self, "_process") and not self.is_running
        return is_gone and not was_told and not self._is_told_to_end

    def _again(self) -> int | None:
        """Return the process id by which a guardian has started it again; None: none runs so."""
        if self._pid_file is None or not hasattr(self, "_process"):
            return None
        if self._process.poll() is None:
            return None
        try:
            pid = int(self._pid_file.read_text(encoding="ascii"))
            place = Path(f"/proc/{pid}/cwd").readlink()  # one that has ended has none
        except (OSError, ValueError):
            return None
        return pid if place == self._folder.resolve() else None

    def await_end(self) -> int:
        """Return its exit code, once it has done as a signal told it. Raises StageError.

        It may have been started again since: that is another process.
        """
        try:
            code = self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            raise StageError(f"{self.name} does not end within {_END_S:g} s") from None
        until(f"{self.name} has ended", self._is_over, within_s=_END_S)
        return code

    def _is_over(self) -> bool:
        """Tell whether the process that was told something is gone."""
        again = self._again()
        return again is None or again != self._told

    def said(self) -> str:
        """Return all that it has said."""
        return self.log.read_text(errors="replace")

    def events(self, name: str) -> list[dict[str, object]]:
        """Return the JSON log lines of one event."""
        whole, _, _ = self.said().rpartition("\n")  # the last line may be half written
        entries = [json.loads(line) for line in whole.splitlines() if line.startswith("{")]
        return [entry for entry in entries if entry["event"] == name]


def runs(process: Process) -> bool:
    """Tell by /proc whether a process is there and does not stand still."""
    try:
        stat = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8")
    except (AttributeError, OSError):
        return False
    return stat.rpartition(")")[2].split()[0] not in _STANDING
