"""Starts programs, asks what they used, and ends them."""

import contextlib
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

from bench.kit.waiting import wait_for

ROOT = Path(__file__).parents[2]
"""The checkout: benches are run from it and not from an installed package."""

_STOP_S = 10.0


class BenchError(Exception):
    """A bench cannot go on; its text is for whoever runs it."""


class Memory(NamedTuple):
    """Resident bytes; ``pss`` shares out what other processes have too, None where unknown."""

    rss: int
    pss: int | None


@contextlib.contextmanager
def running(
    command: Sequence[str], *, log: Path, files: int | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program in the checkout until the block ends; what it says goes to ``log``.

    ``files`` is how many file descriptors it may open, where that can be granted.
    """
    with log.open("wb") as said:
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=said, stderr=said
        )
        try:
            if files is not None:
                grant_files(files, process.pid)
            yield process
        finally:
            end(process)


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


def end(process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    """Ask a process to end, and make it if it does not."""
    process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


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
    """Return the CPU seconds (user and system) that the live threads of ``pid`` have used.

    The kernel's scheduler counts them in nanoseconds; without it psutil's ticks of 10 ms do.
    """
    try:
        spent = [
            int((task / "schedstat").read_text().split()[0])
            for task in Path(f"/proc/{pid}/task").iterdir()
        ]
        return sum(spent) / 1e9
    except OSError:
        times = psutil.Process(pid).cpu_times()
        return float(times.user + times.system)


def busy_s() -> float:
    """Return the CPU seconds that all processes together have used.

    Whoever else keeps the machine busy makes our own figures worse: on two hardware threads of
    one core by half.
    """
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.irq + times.softirq)


def memory(pid: int) -> Memory:
    """Return the memory of ``pid``."""
    rss = psutil.Process(pid).memory_info().rss
    return Memory(rss, _proportional(pid))


def threads(pid: int) -> int:
    """Return how many threads ``pid`` has."""
    return int(psutil.Process(pid).num_threads())


def free_port() -> int:
    """Return a TCP port of the loopback that nobody had a moment ago."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _proportional(pid: int) -> int | None:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    fields: Mapping[str, str] = dict(line.split(":", 1) for line in lines[1:])
    return int(fields["Pss"].split()[0]) * 1024


def is_root() -> bool:
    """Tell whether we may do everything."""
    return os.geteuid() == 0
