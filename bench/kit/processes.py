"""Starts programs, waits for them, asks them, measures what they used, and ends them."""

import contextlib
import json
import os
import random
import re
import resource
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil

from venuewatch.base import clock

_ASK_EVERY_S = 0.05


def wait_for(is_so: Callable[[], bool], *, at_most_s: float = 30.0) -> bool:
    """Ask until it is so; return False if it is not so in time."""
    end = clock.monotonic() + at_most_s
    while not is_so():
        if clock.monotonic() > end:
            return False
        pause(_ASK_EVERY_S)
    return True


def pause(seconds: float) -> None:
    """Let the measured time pass."""
    threading.Event().wait(seconds)


ROOT = Path(__file__).parents[2]
"""The checkout: benches are run from it and not from an installed package."""

LOOPBACK = "127.0.0.1"

_STOP_S = 10.0
_ANSWER_S = 120.0  # a fleet says its first line when all of it is connected
_PORTS = range(10_000, 32_768)  # below those that the kernel gives to connections
_PORT_TRIES = 100


class BenchError(Exception):
    """A bench cannot go on; its text is for the user."""


@contextlib.contextmanager
def running(
    command: Sequence[str], *, log: Path, files: int | None = None, is_asked: bool = False
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program in the checkout until the block ends; what it says goes to ``log``.

    ``files`` is how many file descriptors it may open, where that can be granted. A program that
    ``is_asked`` has pipes as its standard input and output.
    """
    with (
        log.open("wb") as said,
        subprocess.Popen(
            command,
            bufsize=0,
            cwd=ROOT,
            stdin=subprocess.PIPE if is_asked else subprocess.DEVNULL,
            stdout=subprocess.PIPE if is_asked else said,
            stderr=said,
            start_new_session=True,  # Ctrl-C is for us: we end it, and know its children then
        ) as process,
    ):
        try:
            if files is not None:
                grant_files(files, process.pid)
            yield process
        finally:
            end(process)


class Asked:
    """A program that answers each line of its standard input with a line of JSON.

    ``pid`` is whom to measure.
    """

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log
        self.pid = process.pid

    def ask(self, question: str = "") -> dict[str, Any]:
        """Ask for the counts as they are now, or something else.

        Raises:
            BenchError: it has ended, or does not answer.
        """
        assert self._process.stdin is not None  # noqa: S101 - it was started with one
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(f"{question}\n".encode())
        return self.read_answer()

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def read_answer(self) -> dict[str, Any]:
        """Wait for the next line.

        Raises:
            BenchError: it has ended, or does not answer.
        """
        said = self._process.stdout
        assert said is not None  # noqa: S101 - it was started with one
        line = said.readline() if select.select([said], [], [], _ANSWER_S)[0] else b""
        if not line:
            raise BenchError(f"a child ended: {last_line(self._log)}")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextlib.contextmanager
def asking(command: Sequence[str], *, log: Path) -> Iterator[Asked]:
    """Run a child until the block ends; its standard error goes to ``log``."""
    with running(command, log=log, is_asked=True) as process:
        yield Asked(process, log)


def await_start(
    process: subprocess.Popen[bytes],
    is_there: Callable[[], bool],
    *,
    log: Path,
    at_most_s: float = 30.0,
) -> None:
    """Wait until a program that ``running`` runs is there.

    Raises:
        BenchError: it ended, or is not there in time; with the last that it said.
    """
    came = wait_for(lambda: process.poll() is not None or is_there(), at_most_s=at_most_s)
    if not came or process.poll() is not None:
        raise BenchError(f"{log.stem} does not start: {last_line(log)}")


def last_line(log: Path) -> str:
    """Return the last that a process said."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return lines[-1] if lines else "it said nothing"


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end, make it if it does not, and leave nothing of its children."""
    children: list[psutil.Process] = []
    if process.poll() is None:
        children = psutil.Process(process.pid).children(recursive=True)
    process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for child in children:
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()


def python(module: str, *arguments: str, isolated: bool = False) -> list[str]:
    """Return the command that runs a module with this Python."""
    return [sys.executable, *(["-I"] if isolated else []), "-m", module, *arguments]


def grant_files(wanted: int, pid: int = 0) -> int:
    """Let process ``pid`` (0: this one) open ``wanted`` files; return how many it may."""
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    if soft >= wanted:
        return soft
    try:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (wanted, max(wanted, hard)))
    except (ValueError, PermissionError):
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
    return resource.prlimit(pid, resource.RLIMIT_NOFILE)[0]


def cpu_s(pid: int) -> float:
    """Return the CPU seconds (user and system) of ``pid``, with its threads that have ended.

    Linux has a clock for each process, in nanoseconds; elsewhere psutil's ticks of 10 ms do.

    Raises:
        ProcessLookupError: it has ended.
    """
    if not sys.platform.startswith("linux"):
        times = psutil.Process(pid).cpu_times()
        return float(times.user + times.system)
    try:
        return time.clock_gettime((~pid << 3) | 2)  # as clock_getcpuclockid(3) makes the number
    except OSError as error:
        raise ProcessLookupError(f"no process {pid}") from error


_PEAK = re.compile(r"^VmHWM:\s*(\d+) kB$", re.MULTILINE)


def forget_peak(pid: int) -> None:
    """Have ``peak_mib`` begin anew, where the kernel lets us (proc_pid_clear_refs(5))."""
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")


def peak_mib(pid: int) -> float | None:
    """Return the most memory (RSS) that a process has had; None where nothing tells."""
    try:
        found = _PEAK.search(Path(f"/proc/{pid}/status").read_text(encoding="utf-8"))
    except OSError:
        return None
    return int(found[1]) / 1024 if found else None


def busy_s() -> float:
    """Return the CPU seconds that all processes together have used.

    Other programs that keep the machine busy make our own figures worse: on two hardware threads of
    one core by half.
    """
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.irq + times.softirq)


def free_port() -> int:
    """Return a free TCP port of the loopback, for a program that this process starts.

    No call of this function, in any process, returns it again while this process lives: a socket
    of that name is kept, which needs no file.

    Raises:
        BenchError: none was found.
    """
    for port in random.sample(_PORTS, _PORT_TRIES):
        name, probe = socket.socket(socket.AF_UNIX), socket.socket()
        with name, probe, contextlib.suppress(OSError):
            name.bind(f"\0venuewatch-port-{port}")
            probe.bind((LOOPBACK, port))
            name.detach()
            return port
    raise BenchError("there is no free port")


def answers(port: int) -> bool:
    """Tell whether a program on the loopback listens on ``port``."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=1.0).close()
    except OSError:
        return False
    return True


def is_root() -> bool:
    """Tell whether we may do everything."""
    return os.geteuid() == 0
