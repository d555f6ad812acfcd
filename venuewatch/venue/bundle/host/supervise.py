"""Keeps the program running where no systemd runs: ``python3 -I /opt/venuewatch/supervise agent``.

It does what the unit says: the program's own user, its state folder, a restart one second after
the end, none after exit code 2, a watchdog of 30 s. It stays in the foreground, so any init, or a
line of ``rc.local`` with ``&``, can start it. SIGTERM ends both. How the program stands is in
``/run/venuewatch-agent.json``, for ``install`` and ``upgrade``.
"""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
from pathlib import Path
from types import FrameType

from .machine import INTERRUPTIONS, Machine, RefusedError, in_words
from .program import Program

RESTART_S = 1.0
READY_S = 900.0  # as the unit allows: a large journal takes its time
WATCHDOG_S = 30.0
STOP_S = 5.0
LOOK_EVERY_S = 0.2
CAN_NOT_START = 1
WRONG_CONFIGURATION = 2
_MESSAGE_MAX = 4096
_WITH_US = ("/usr/bin/setpriv", "--pdeathsig", "TERM")  # it ends with us, however we end


class Supervisor:
    """Runs one program again and again."""

    def __init__(self, machine: Machine, program: Program) -> None:
        self._machine = machine
        self._program = program
        self._is_stopping = False
        self._status = ""
        self._heard_at = 0.0
        self._patience_s = READY_S

    def stop(self, _number: int, _frame: FrameType | None) -> None:
        """End soon; called from a signal handler."""
        self._is_stopping = True

    def run(self) -> int:
        """Run until stopped, or until the configuration is wrong; return the exit code.

        Raises:
            RefusedError: the program is not installed, or another supervisor keeps it running.
        """
        user = self._program.user
        if not self._machine.has_user(user):
            raise RefusedError(
                f"no {self._program.name} is installed here: there is no user {user}"
            )
        refusal = f"another supervisor keeps {user} running: end that one first"
        with self._machine.alone(self._program.lock, refusal=refusal):
            return self._run()

    def _run(self) -> int:
        for number in INTERRUPTIONS:
            signal.signal(number, self.stop)
        self._say(0)
        program, machine = self._program, self._machine
        machine.make_folder(program.state, mode=0o700, owner=program.user)
        machine.make_folder(f"/run/{program.user}", owner=program.user)
        path = machine.at(f"/run/{program.user}.notify")  # /run is root's: nobody swaps it
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices:
            notices.bind(str(path))
            machine.own(path, program.user, program.user)
            code = 0
            while self._goes_on(code):
                code = self._run_once(notices, path)
                if self._goes_on(code):
                    self._say(0)
                    machine.sleep(RESTART_S)
        for place in (f"/run/{program.user}", f"/run/{program.user}.notify", program.status):
            machine.remove(place)
        return WRONG_CONFIGURATION if code == WRONG_CONFIGURATION else 0

    def _goes_on(self, code: int) -> bool:
        """Tell if another start is of use, after a program that ended with ``code``."""
        return not self._is_stopping and code != WRONG_CONFIGURATION

    def _run_once(self, notices: socket.socket, path: Path) -> int:
        user = self._program.user
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "LC_ALL": "C.UTF-8",
            "NOTIFY_SOCKET": str(path),
            "WATCHDOG_USEC": str(int(WATCHDOG_S * 1_000_000)),
            "STATE_DIRECTORY": self._program.state,
            "RUNTIME_DIRECTORY": f"/run/{user}",
        }
        try:
            child = subprocess.Popen(  # noqa: S603 - the words of the unit
                [*_WITH_US, *self._program.words],
                stdin=subprocess.DEVNULL,
                user=user,
                group=user,
                extra_groups=[],
                umask=0o077,
                env=environment,
                cwd="/",
            )
        except OSError as error:  # while a release is switched, or for want of memory
            self._machine.tell(f"{user} can not be started: {in_words(error)}")
            return CAN_NOT_START
        self._status, self._heard_at = "", self._machine.monotonic()
        self._patience_s = READY_S
        self._say(child.pid)
        while child.poll() is None and not self._is_stopping:
            self._listen(notices, child.pid)
            if self._machine.monotonic() - self._heard_at > self._patience_s:
                silent = f"{user} stands still for {self._patience_s:g} s: it is killed"
                self._machine.tell(silent)
                child.kill()
        return _end(child)

    def _listen(self, notices: socket.socket, pid: int) -> None:
        if not select.select([notices], [], [], LOOK_EVERY_S)[0]:
            return
        self._heard_at = self._machine.monotonic()
        lines = notices.recv(_MESSAGE_MAX).decode(errors="replace").splitlines()
        if "READY=1" in lines:
            self._patience_s = WATCHDOG_S
        said = [line.removeprefix("STATUS=") for line in lines if line.startswith("STATUS=")]
        if said and said[-1] != self._status:
            self._status = said[-1]
            self._say(pid)

    def _say(self, pid: int) -> None:
        """Write how it stands; a disk that is full ends nothing."""
        said = {"supervisor": os.getpid(), "pid": pid, "status": self._status}
        with contextlib.suppress(OSError):
            self._machine.write(self._program.status, json.dumps(said).encode(), mode=0o644)


def _end(child: "subprocess.Popen[bytes]") -> int:
    """Have the program end in order, and return its exit code."""
    if child.poll() is None:
        child.terminate()
    try:
        return child.wait(STOP_S)
    except subprocess.TimeoutExpired:
        child.kill()
        return child.wait()
