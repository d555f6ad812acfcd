"""Counts the processes of a program, and its restarts.

A program is found by its name, by its command line, by its pid file, or by several of these
together. A process that has ended and is not reaped (a zombie) does not run.
"""

import os
from typing import Annotated, TypeAlias

import msgspec

from agent.checks import CheckConfig, Latest, PathName, Pattern, Reading, SimpleCheck, about
from agent.checks.host.process_table import Process, Table, Wanted, name_of, started_at
from agent.checks.patterns.matcher import UnmatchedError, refuse_bad_pattern
from agent.checks.reading.times import Deadline, for_reading
from agent.checks.reading.words import short
from venuewatch.base.wire.checks import CheckValues

_ROUNDING_S = 2.0  # boot time is known to a second, a process's start to 10 ms
_MAX_PID = 2**31 - 1
_ANYBODY = Wanted(None, None)

Program: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


class Config(CheckConfig, frozen=True, tag="process"):
    """Looks for processes; at least one of `program`, `command_line` and `pid_file` is needed.

    A pid file whose process is another program's is stale and so `critical`. Without `program`
    and `command_line`, a process that started after its pid file was written is another one. The
    command line is searched with Python's `re` in its first 4,096 bytes, with blanks for line
    breaks; the state is `unknown` when that takes over 2 s.
    """

    program: Annotated[
        Program | None, about("exact name of the program, as `ps -o comm` shows it", "mosquitto")
    ] = None
    command_line: Annotated[
        Pattern | None,
        about("regular expression, anywhere in the command line", "feed .*--venue STA"),
    ] = None
    pid_file: Annotated[
        PathName | None,
        about("file whose first word is the process's number", "/run/mosquitto.pid"),
    ] = None
    min_count: Annotated[Count, about("fewest processes that are well", 1)] = 1
    max_count: Annotated[Count | None, about("most that are well; any if left out", 4)] = None

    def __post_init__(self) -> None:
        if self.program is None and self.command_line is None and self.pid_file is None:
            raise ValueError("Expected at least one of `program`, `command_line`, `pid_file`")
        if self.max_count is not None and self.max_count < self.min_count:
            raise ValueError("Expected `max_count` to be at least `min_count`")
        refuse_bad_pattern(self.command_line or "", "command_line")


class Check(SimpleCheck[Config]):
    """Too few or too many processes are ``critical``; a restart is counted and told."""

    def __init__(self, config: Config, latest: Latest) -> None:
        super().__init__(config, latest)
        self._wanted = Wanted(config.program, config.command_line)
        self._table = Table()
        self._cpu_s: dict[tuple[int, float], float] = {}
        self._cpu_total_s = 0.0
        self._missing = 0
        self._restarts = 0
        self._pid_file: tuple[int, float, float] | None = None

    def read(self) -> Reading:
        """Look once."""
        deadline, trouble = for_reading(self._config.timeout_s), ""
        try:
            if self._config.pid_file is None:
                found = self._table.matching(self._wanted, deadline)
            else:
                found, trouble = self._from_pid_file(self._config.pid_file, deadline)
        except UnmatchedError as error:
            return Reading("unknown", str(error))
        except OSError as error:
            return Reading(
                "unknown", short(f"{self._config.pid_file or '/proc'}: {error.strerror}")
            )
        is_restarted = self._count(found)
        values = CheckValues(
            check_processes=len(found),
            check_process_restarts_total=self._restarts,
            check_process_cpu_seconds_total=round(self._cpu_total_s, 2),
            check_process_resident_memory_bytes=sum(process.resident_bytes for process in found),
        )
        return self._judged(len(found), trouble, values, is_restarted=is_restarted)

    def _judged(
        self, count: int, trouble: str, values: CheckValues, *, is_restarted: bool
    ) -> Reading:
        least, most = self._config.min_count, self._config.max_count
        if count < least:
            if self._table.hidden:
                hidden = f"{self._table.hidden} processes are hidden from this account"
                return Reading("unknown", f"{count} seen, and {hidden}", values)
            wanted = f", expected at least {least}" if least > 1 else ""
            detail = trouble or (f"{_run(count)}{wanted}" if count else f"none runs{wanted}")
            return Reading("critical", short(detail), values)
        if most is not None and count > most:
            return Reading("critical", f"{_run(count)}, expected at most {most}", values)
        restarted = ", restarted since the last reading" if is_restarted else ""
        return Reading("ok", f"{_run(count)}{restarted}" if count else "none runs", values)

    def _count(self, found: list[Process]) -> bool:
        """Add up CPU and restarts; return whether a lost process was replaced by a new one.

        A process that comes without one having gone before is no restart.
        """
        is_first = not self._cpu_s and not self._missing
        now = {(process.pid, process.started): process.cpu_s for process in found}
        new = now.keys() - self._cpu_s.keys()
        self._missing += len(self._cpu_s.keys() - now.keys())
        replaced = 0 if is_first else min(len(new), self._missing)
        self._missing -= replaced
        self._restarts += replaced
        for known, cpu_s in now.items():
            self._cpu_total_s += max(0.0, cpu_s - self._cpu_s.get(known, 0.0))
        self._cpu_s = now
        return replaced > 0

    def _from_pid_file(self, path: str, deadline: Deadline) -> tuple[list[Process], str]:
        """Return the one process that the file names, or why there is none.

        Raises:
            UnmatchedError: its command line was not searched in time.
            OSError: the file is there and can't be read.
        """
        try:
            pid, written_at = _read_pid_file(path)
        except FileNotFoundError:
            return [], f"there is no pid file {path}"
        except ValueError:
            return [], f"{path} holds no process number"
        if not self._table.matching(_ANYBODY, deadline, [pid]):
            return [], f"process {pid} of {path} does not run"
        found = self._table.matching(self._wanted, deadline, [pid])
        if not found:
            return [], f"{path} is stale: process {pid} is another one, {name_of(pid)}"
        if self._is_another(found[0], written_at):
            return [], f"{path} is stale: process {pid} started after it was written"
        return found, ""

    def _is_another(self, process: Process, written_at: float) -> bool:
        """Tell whether the number in the pid file, written at (s since 1970), was used again.

        Where program or command line identify the process, the wall clock is not asked: it may
        have been set since, as it is at each boot of a machine without a battery.
        """
        if self._pid_file is not None and self._pid_file[:2] == (process.pid, written_at):
            return self._pid_file[2] != process.started
        if self._wanted == _ANYBODY and started_at(process) > written_at + _ROUNDING_S:
            return True
        self._pid_file = (process.pid, written_at, process.started)
        return False


def _run(count: int) -> str:
    return "1 runs" if count == 1 else f"{count} run"


def _read_pid_file(path: str) -> tuple[int, float]:
    """Return the number in it, and when (s since 1970) it was written."""
    fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    try:
        pid = int(os.read(fd, 64).split()[0])
        written_at = os.fstat(fd).st_mtime
    except IndexError:
        raise ValueError(path) from None
    finally:
        os.close(fd)
    if not 0 < pid <= _MAX_PID:
        raise ValueError(path)
    return pid, written_at
