"""Starts, stops and looks at the program: by systemd, or by ``supervise`` where there is none."""

import json
from typing import Protocol

from .health import Look
from .machine import FailedError, Machine
from .program import LINK, UNITS, Program

STOP_S = 20.0
"""How long (s) a supervisor may take to end: the 5 s of its program, and time to spare."""


class Service(Protocol):
    """What starts the program, and starts it again when it ends."""

    def restart(self) -> None:
        """Have it run with what is on disk now, from now on and after each boot."""

    def stop(self) -> None:
        """Have it end, and not come back."""

    def look(self) -> Look:
        """Return how it stands now."""


class Systemd:
    """A unit of systemd's."""

    def __init__(self, machine: Machine, program: Program) -> None:
        self._machine = machine
        self._program = program

    def restart(self) -> None:
        """Have it run with what is on disk now, from now on and after each boot."""
        unit = self._program.unit
        self._machine.run(["systemctl", "daemon-reload"])
        self._machine.run(["systemctl", "reset-failed", "--quiet", f"{unit}*"])
        self._machine.run(["systemctl", "enable", "--quiet", unit])
        # Stopped first: then no look takes the old process for the new one.
        self._machine.run(["systemctl", "stop", unit])
        self._machine.run(["systemctl", "start", "--no-block", unit])

    def stop(self) -> None:
        """Have it end, and not come back."""
        if self._machine.at(f"{UNITS}/{self._program.unit}").exists():
            self._machine.run(["systemctl", "disable", "--quiet", "--now", self._program.unit])

    def look(self) -> Look:
        """Return how it stands now."""
        wanted = "--property=MainPID,StatusText"
        said = self._machine.run(["systemctl", "show", wanted, self._program.unit])
        found = dict(line.partition("=")[::2] for line in said.splitlines())
        pid = found.get("MainPID", "0")
        is_open = is_spool_open(self._machine, self._program)
        return Look(int(pid) if pid.isdigit() else 0, found.get("StatusText", ""), is_open)


class Supervised:
    """A program under ``supervise``, which the machine's own init has to start at each boot."""

    def __init__(self, machine: Machine, program: Program) -> None:
        self._machine = machine
        self._program = program

    @property
    def words(self) -> list[str]:
        """The command that the machine's own init has to start at each boot."""
        return ["/usr/bin/python3", "-I", f"{LINK}/supervise", self._program.name]

    def restart(self) -> None:
        """Have it run with what is on disk now."""
        self.stop()
        self._machine.start(self.words, log=self._program.log)

    def stop(self) -> None:
        """Have it end, and not come back."""
        supervisor = self._supervisor()
        if not supervisor:
            return
        self._machine.end(supervisor)
        give_up_at = self._machine.monotonic() + STOP_S
        while self._supervisor():
            if self._machine.monotonic() > give_up_at:
                raise FailedError(f"process {supervisor}, a supervisor, did not end: kill it")
            self._machine.sleep(0.1)

    def look(self) -> Look:
        """Return how it stands now."""
        is_open = is_spool_open(self._machine, self._program)
        if not self._supervisor():
            return Look(0, "", is_open)
        said = self._said()
        return Look(_number(said.get("pid")), str(said.get("status", "")), is_open)

    def _supervisor(self) -> int:
        """Return the process of the supervisor, 0 where there is none any more."""
        pid = _number(self._said().get("supervisor"))
        try:
            words = self._machine.at(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return 0
        is_ours = any(word.endswith(b"/supervise") for word in words)
        return pid if pid and is_ours and self._program.name.encode() in words else 0

    def _said(self) -> dict[str, object]:
        try:
            said = json.loads(self._machine.at(self._program.status).read_bytes())
        except (OSError, ValueError):
            return {}
        return said if isinstance(said, dict) else {}


def service_of(machine: Machine, program: Program) -> Systemd | Supervised:
    """Return what starts a program on this machine."""
    return Systemd(machine, program) if machine.has_systemd else Supervised(machine, program)


def is_spool_open(machine: Machine, program: Program) -> bool:
    """Tell if the program has made its folder, and owns it."""
    return machine.owner_of(program.must_be_open) == program.user


def _number(said: object) -> int:
    return said if isinstance(said, int) and said > 0 else 0
