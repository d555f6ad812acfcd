"""Finds the processes of this machine that match a description, at the least cost.

On Linux the names of all processes are read from /proc (about 7 us each), and only those that match
are looked into; elsewhere psutil is asked.
"""

import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import compress
from typing import NamedTuple, TypeVar

import psutil

from agent.checks.patterns.matcher import MATCHER
from agent.checks.reading.times import Deadline

T = TypeVar("T")

MAX_COMMAND_LINE = 4_096
_COMM_LENGTH = 15  # what the kernel keeps of a program's name (TASK_COMM_LEN - 1)


class Process(NamedTuple):
    """One process. ``started``: when, in s since the system's boot on Linux, else since 1970.

    (pid, started) is one process for ever, because it doesn't move when the wall clock is set.
    """

    pid: int
    started: float
    cpu_s: float
    resident_bytes: int


class Wanted(NamedTuple):
    """The exact name of the program, and a pattern somewhere in the command line; None: any."""

    program: str | None
    command_line: str | None


class Table:
    """Who runs now. ``hidden``: how many processes this account was not allowed to see."""

    def __init__(self) -> None:
        self.hidden = 0

    def matching(
        self, wanted: Wanted, deadline: Deadline, pids: Iterable[int] | None = None
    ) -> list[Process]:
        """Return every process (of ``pids``, if given) that fits; a zombie does not run.

        Raises:
            UnmatchedError: the command lines were not searched in time.
        """
        self.hidden = 0
        asked = _candidates(wanted) if pids is None else pids
        found = ((pid, self._ask(_command_line, pid, wanted)) for pid in asked)
        lines = {pid: line for pid, line in found if line is not None}
        if wanted.command_line is not None:
            is_match = MATCHER.in_lines(wanted.command_line, list(lines.values()), deadline)
            lines = dict(compress(lines.items(), is_match))
        processes = (self._ask(_measured, pid) for pid in lines)
        return [process for process in processes if process is not None]

    def _ask(self, question: Callable[..., T | None], *about: object) -> T | None:
        try:
            return question(*about)
        except PermissionError:
            self.hidden += 1
        except OSError:
            pass  # it has ended meanwhile
        return None


if sys.platform == "linux":
    _TICK_S = 1 / os.sysconf("SC_CLK_TCK")
    _PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

    def name_of(pid: int) -> str | None:
        """Return the program's name (its first 15 characters), None if there is no such process."""
        try:
            return _comm(pid).decode(errors="replace")
        except OSError:
            return None

    def started_at(process: Process) -> float:
        """Return when it was started, in s since 1970 as the wall clock sees it now."""
        return psutil.boot_time() + process.started

    def _candidates(wanted: Wanted) -> Iterator[int]:
        """Give the processes that may fit: one short loop, because it runs for each process."""
        comm = None if wanted.program is None else os.fsencode(wanted.program)[:_COMM_LENGTH]
        for name in os.listdir("/proc"):  # noqa: PTH208 - the agent spares pathlib's memory
            if name.isdigit():
                try:
                    if comm is None or _read(f"/proc/{name}/comm", 64)[:-1] == comm:
                        yield int(name)
                except PermissionError:
                    yield int(name)  # to be counted
                except OSError:
                    pass  # it has ended meanwhile

    def _command_line(pid: int, wanted: Wanted) -> bytes | None:
        """Return the command line, b"" where it is not needed; None if the program is another."""
        program, pattern = wanted
        if program is not None and _comm(pid) != os.fsencode(program)[:_COMM_LENGTH]:
            return None
        is_cut = program is not None and len(os.fsencode(program)) > _COMM_LENGTH
        if not is_cut and pattern is None:
            return b""
        line = _read(f"/proc/{pid}/cmdline", MAX_COMMAND_LINE).rstrip(b"\0").split(b"\0")
        # Of a script, the interpreter comes first.
        if is_cut and program not in [os.fsdecode(word).rpartition("/")[2] for word in line[:2]]:
            return None
        return b" ".join(line).replace(b"\n", b" ")

    def _measured(pid: int) -> Process | None:
        """Read the figures: proc_pid_stat(5), whose second field may hold anything."""
        stat = _read(f"/proc/{pid}/stat", 1_024)
        fields = stat[stat.rindex(b")") + 2 :].split()
        if fields[0] in (b"Z", b"X", b"x"):
            return None
        return Process(
            pid,
            started=int(fields[19]) * _TICK_S,
            cpu_s=(int(fields[11]) + int(fields[12])) * _TICK_S,
            resident_bytes=int(fields[21]) * _PAGE_BYTES,
        )

    def _comm(pid: int) -> bytes:
        return _read(f"/proc/{pid}/comm", 64).rstrip(b"\n")

    def _read(path: str, limit: int) -> bytes:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.read(fd, limit)
        finally:
            os.close(fd)

else:

    def name_of(pid: int) -> str | None:
        """Return the program's name, None if there is no such process."""
        with contextlib.suppress(psutil.Error):
            return psutil.Process(pid).name()
        return None

    def started_at(process: Process) -> float:
        """Return when it was started, in s since 1970 as the wall clock sees it now."""
        return process.started

    def _candidates(_: Wanted) -> Iterator[int]:
        yield from psutil.pids()

    def _command_line(pid: int, wanted: Wanted) -> bytes | None:
        """Return the command line, b"" where it is not needed; None if the program is another."""
        with _as_os_errors():
            process = psutil.Process(pid)
            if wanted.program is not None and not _is_named(process.name(), wanted.program):
                return None
            if wanted.command_line is None:
                return b""
            line = " ".join(process.cmdline())[:MAX_COMMAND_LINE]
            return line.replace("\n", " ").encode(errors="replace")

    def _measured(pid: int) -> Process | None:
        with _as_os_errors():
            process = psutil.Process(pid)
            with process.oneshot():
                if process.status() == psutil.STATUS_ZOMBIE:
                    return None
                cpu = process.cpu_times()
                resident_bytes = process.memory_info().rss
                return Process(pid, process.create_time(), cpu.user + cpu.system, resident_bytes)

    @contextlib.contextmanager
    def _as_os_errors() -> Iterator[None]:
        try:
            yield
        except psutil.AccessDenied:
            raise PermissionError from None
        except psutil.NoSuchProcess:
            raise ProcessLookupError from None

    def _is_named(name: str, program: str) -> bool:
        if sys.platform == "win32":
            name, program = name.casefold(), program.casefold()
        return name.removesuffix(".exe") == program.removesuffix(".exe")
