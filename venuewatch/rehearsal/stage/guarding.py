"""The guardian's process: takes orders from its controller, and undoes what is due.

``-m venuewatch.rehearsal.stage.guarding ADDRESS LEASE_S`` takes orders as lines of JSON on its
standard input, and tells on its standard output what it undid. ADDRESS (``-``: none) is where
another process of the same user may say ``abort``: an abstract socket, which is gone with us.
A fault with a fixed length also has a **timer**: a shell that undoes it a little later where the
guardian itself is killed together with the controller.
"""

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable
from types import FrameType
from typing import Final

import msgspec

from venuewatch.base import clock
from venuewatch.rehearsal.stage.delay_line import command_line, is_of_this_user
from venuewatch.rehearsal.stage.undoing import Held, Holding, Line, Order, Run, Undo, Undone

TIMER: Final = "venuewatch-timer"
"""The name by which a timer's shell is found in /proc."""

ABORT: Final = b"abort"

_UNDO_TIMEOUT_S: Final = 60.0
_LATER_S: Final = 0.5  # a timer is for a guardian that is gone
_LARGEST: Final = 65_536
_IGNORED: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def undo_each(undos: Iterable[Undo]) -> list[str]:
    """Undo everything, each whether or not another fails; return what went wrong, in words."""
    failed = []
    for undo in undos:
        try:
            if isinstance(undo, Line):
                command_line(undo.address, None)
            else:
                subprocess.run(undo.words, check=True, capture_output=True, timeout=_UNDO_TIMEOUT_S)
        except subprocess.CalledProcessError as error:
            said = error.stderr.decode(errors="replace").strip()
            failed.append(f"{' '.join(error.cmd)}: {said or f'exit code {error.returncode}'}")
        except ConnectionRefusedError:
            pass  # an uplink whose process has ended is no more, and so is its fault
        except (OSError, subprocess.TimeoutExpired) as error:
            failed.append(f"{_named(undo)}: {error}")
    return failed


def _named(undo: Undo) -> str:
    return undo.address.strip("\0") if isinstance(undo, Line) else " ".join(undo.words)


class _Timers:
    """Shells that undo faults of a fixed length after it, if they are not ended before."""

    def __init__(self) -> None:
        self._shells: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, order: Order, *, ends_stage: bool) -> None:
        self.end(order.number)
        if order.lasts_s is None or not isinstance(order.undo, Run):
            return  # an uplink heals itself when both are gone
        if ends_stage and order.undo.is_start:
            return
        script = f'sleep {order.lasts_s + _LATER_S}; exec "$@"'
        self._shells[order.number] = subprocess.Popen(
            ("/bin/sh", "-c", script, TIMER, *order.undo.words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def end(self, number: int) -> None:
        shell = self._shells.pop(number, None)
        if shell is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)
            shell.wait()


class _Guard:
    def __init__(self, address: str, lease_s: float | None) -> None:
        self._held = Held(lease_s, clock.monotonic())
        self._timers = _Timers()
        self._rest = b""
        self._poll = selectors.DefaultSelector()
        self._poll.register(sys.stdin.fileno(), selectors.EVENT_READ, None)
        if address:
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            listener.bind(address)
            listener.listen()
            self._poll.register(listener, selectors.EVENT_READ, listener)

    def run(self) -> None:
        """Serve until the controller ends; then undo all that it has left."""
        while True:
            deadline = self._held.deadline()
            wait_s = None if deadline is None else max(0.0, deadline - clock.monotonic())
            for key, _ in self._poll.select(wait_s):
                if key.data is not None:
                    self._heed(key.data)
                elif not self._read():
                    failed = self._undo(self._held.take_all())
                    with contextlib.suppress(OSError):  # the terminal may be gone, too
                        sys.stderr.writelines(f"not undone: {text}\n" for text in failed)
                    return
            undone = self._undo_due()
            if undone.numbers:
                self._tell(undone)

    def _read(self) -> bool:
        """Take orders; return False if the controller has ended."""
        said = os.read(sys.stdin.fileno(), _LARGEST)
        *lines, self._rest = (self._rest + said).split(b"\n")
        for line in lines:
            order = msgspec.json.decode(line, type=Order)
            self._held.receive(order, clock.monotonic())
            self._timers.start(order, ends_stage=self._held.holds_stage)
            if order.undo is not None:
                self._tell(Holding(order.number))
        return bool(said)  # a rest without its end is of a fault that has not begun

    def _heed(self, listener: socket.socket) -> None:
        """Abort if one of the same user asks for it, and answer when all is undone."""
        asker, _ = listener.accept()
        with asker, contextlib.suppress(OSError):
            asker.settimeout(1.0)
            if is_of_this_user(asker) and asker.recv(len(ABORT)) == ABORT:
                self._held.abort()
                undone = self._undo_due()
                self._tell(undone)
                asker.send(msgspec.json.encode(undone))

    def _undo_due(self) -> Undone:
        due, why = self._held.take_due(clock.monotonic())
        return Undone(tuple(number for number, _ in due), why, tuple(self._undo(due)))

    def _tell(self, said: Holding | Undone) -> None:
        with contextlib.suppress(OSError):
            os.write(sys.stdout.fileno(), msgspec.json.encode(said) + b"\n")

    def _undo(self, due: list[tuple[int, Undo]]) -> list[str]:
        for number, _ in due:
            self._timers.end(number)
        return undo_each(undo for _, undo in due)


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Go on. What is started again would itself ignore what ``SIG_IGN`` ignores (execve(2))."""


def main() -> None:
    """Guard the faults of a controller, until it ends."""
    for number in _IGNORED:
        signal.signal(number, _ignore)
    address, lease_s = sys.argv[1:]
    _Guard("" if address == "-" else f"\0{address}", float(lease_s) or None).run()


if __name__ == "__main__":
    main()
