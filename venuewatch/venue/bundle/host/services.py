"""Starts, stops and looks at the program: by systemd, or by ``supervise`` where there is none."""

import json
import tomllib
from collections.abc import Callable
from functools import partial
from typing import Protocol

from .health import Look
from .machine import FailedError, Machine
from .program import LINK, UNITS, Program

WAIT_S = 20.0
"""How long (s) a supervisor may take to begin or to end: the 5 s of its program, and more."""

_OFF = {"", "inactive", "failed", "deactivating", "unknown"}
"""States of a unit that systemd does not keep up; one that waits for its next start is none."""


class Service(Protocol):
    """What starts the program, and starts it again when it ends.

    Attributes:
        log: where the program's own words are, for the operator.
    """

    log: str

    def put(self, *, is_on: bool, at_boot: bool) -> None:
        """Have it run with what is on disk now, or not; and at each boot, or not.

        It is stopped before.
        """

    def stop(self) -> None:
        """Have it end, and not come back."""

    def look(self) -> Look:
        """Return how it stands now."""


class Systemd:
    """A unit of systemd's."""

    def __init__(self, machine: Machine, program: Program) -> None:
        self._machine = machine
        self._program = program
        self.log = f"look at journalctl -u {program.unit}"

    def put(self, *, is_on: bool, at_boot: bool) -> None:
        """Have it run with what is on disk now, or not; and at each boot, or not."""
        unit = self._program.unit
        self._machine.run(["systemctl", "daemon-reload"])
        if not self._machine.at(f"{UNITS}/{unit}").exists():
            return
        self._machine.run(["systemctl", "enable" if at_boot else "disable", "--quiet", unit])
        self._machine.run(["systemctl", "reset-failed", "--quiet", f"{unit}*"])
        if is_on:
            self._machine.run(["systemctl", "start", "--no-block", unit])

    def stop(self) -> None:
        """Have it end, and not come back."""
        if self._machine.at(f"{UNITS}/{self._program.unit}").exists():
            self._machine.run(["systemctl", "disable", "--quiet", "--now", self._program.unit])

    def look(self) -> Look:
        """Return how it stands now."""
        wanted = "--property=MainPID,StatusText,ActiveState,UnitFileState"
        said = self._machine.run(["systemctl", "show", wanted, self._program.unit])
        found = dict(line.partition("=")[::2] for line in said.splitlines())
        pid = found.get("MainPID", "0")
        return Look(
            int(pid) if pid.isdigit() else 0,
            found.get("StatusText", ""),
            spool_changed_ns(self._machine, self._program),
            is_on=found.get("ActiveState", "") not in _OFF,
            at_boot=found.get("UnitFileState") == "enabled",
        )


class Supervised:
    """A program under ``supervise``, which the machine's own init has to start at each boot."""

    def __init__(self, machine: Machine, program: Program) -> None:
        self._machine = machine
        self._program = program
        self.log = f"look at {program.log}"
        self._begun = 0  # the process of the supervisor that was started last

    @property
    def words(self) -> list[str]:
        """The command that the machine's own init has to start at each boot."""
        return ["/usr/bin/python3", "-I", f"{LINK}/supervise", self._program.name]

    def put(self, *, is_on: bool, at_boot: bool) -> None:  # noqa: ARG002 - not in our hands
        """Have it run with what is on disk now, or not.

        Raises:
            FailedError: the supervisor does not begin.
        """
        if not is_on:
            return
        self._begun = self._machine.start(self.words, log=self._program.log)
        self._wait(lambda: self._supervisor() == self._begun, "did not begin")

    def stop(self) -> None:
        """Have it end, and not come back.

        Raises:
            FailedError: it does not end.
        """
        for supervisor in {self._supervisor(), self._begun}:
            if self._is_supervisor(supervisor):
                self._machine.end(supervisor)
                self._wait(
                    partial(self._is_gone, supervisor), f"(process {supervisor}) did not end"
                )

    def look(self) -> Look:
        """Return how it stands now."""
        spool = spool_changed_ns(self._machine, self._program)
        if not self._supervisor():
            return Look(0, "", spool, is_on=False, at_boot=False)
        said = self._said()
        return Look(_number(said.get("pid")), str(said.get("status", "")), spool, at_boot=False)

    def _wait(self, is_so: Callable[[], bool], trouble: str) -> None:
        give_up_at = self._machine.monotonic() + WAIT_S
        while not is_so():
            if self._machine.monotonic() > give_up_at:
                raise FailedError(f"the supervisor {trouble}: {self.log}")
            self._machine.sleep(0.1)

    def _supervisor(self) -> int:
        """Return the process of the supervisor, 0 where there is none any more."""
        pid = _number(self._said().get("supervisor"))
        return pid if self._is_supervisor(pid) else 0

    def _is_supervisor(self, pid: int) -> bool:
        if not pid:
            return False
        try:
            words = self._machine.at(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        is_ours = any(word.endswith(b"/supervise") for word in words)
        return is_ours and self._program.name.encode() in words

    def _is_gone(self, pid: int) -> bool:
        return not self._is_supervisor(pid)

    def _said(self) -> dict[str, object]:
        try:
            said = json.loads(self._machine.at(self._program.status).read_bytes())
        except (OSError, ValueError):
            return {}
        return said if isinstance(said, dict) else {}


def service_of(machine: Machine, program: Program) -> Systemd | Supervised:
    """Return what starts a program on this machine."""
    return Systemd(machine, program) if machine.has_systemd else Supervised(machine, program)


def spool_changed_ns(machine: Machine, program: Program) -> int | None:
    """Return when the program last changed its spool; 0: it has none; None: it needs none.

    It writes there soon after each start. So a change tells that it could open its spool.
    """
    if program.spool is None:
        return None
    place = program.spool
    try:
        said = tomllib.loads(machine.at(program.configuration).read_text("utf-8"))
        place = str(said["spool"]["directory"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # it names no other place
    return machine.changed_ns(place) if machine.owner_of(place) == program.user else 0


def _number(said: object) -> int:
    return said if isinstance(said, int) and said > 0 else 0
