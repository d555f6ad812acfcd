"""A guardian: a process that undoes the faults of a controller that has ended.

1. A controller, which plays faults, starts its guardian in a session of its own: a signal to the
   controller's group does not reach it, and it ignores the signals that ask a process to end.
2. Before each fault the controller sends it the command that undoes the fault.
3. At the end of a fault the controller runs that command itself, and lets the guardian know.
4. The pipe between both ends with the controller, however the controller ends. The guardian then
   runs the commands that are left, the latest first, each of them whether or not one fails.
5. A guardian that is killed leaves no fault alone: the controller undoes all faults at once, and
   plays none any more.

A part of the stage is held in the same way, until the controller closes its guardian. A fault
remains only where both processes are killed in the same instant. An uplink needs no guardian: its
own process heals it when its controller ends.
"""

import contextlib
import itertools
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Self

import msgspec

from venuewatch.rehearsal.stage.machine import StageError

Command = tuple[str, ...]

_MODULE: Final = "venuewatch.rehearsal.stage.guardian"
_UNDO_TIMEOUT_S: Final = 60.0
_IGNORED: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Order(msgspec.Struct, frozen=True):
    """One line from the controller: ``undo`` is empty once fault ``number`` is over."""

    number: int
    undo: Command = ()


class Fault:
    """A fault that is being played; it ends with its controller at the latest."""

    def __init__(self, guardian: "Guardian", number: int) -> None:
        self._guardian = guardian
        self.number = number

    def end(self) -> None:
        """Undo it, if it is not over. Raises StageError."""
        self._guardian.end(self.number)


class Guardian:
    """The controller's side, a context: plays faults, which are over at its exit."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._undo: dict[int, Command] = {}
        self._parts: set[int] = set()
        self._lock = threading.RLock()  # a fault and its undoing by the watching thread
        self._is_closing = self._is_lost = False
        self._process: subprocess.Popen[bytes]

    def __enter__(self) -> Self:
        command = [sys.executable, "-I", "-m", _MODULE]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            bufsize=0,
            cwd="/",
            start_new_session=True,
        )
        threading.Thread(target=self._watch, name="guardian", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_closing = True
        self._parts.clear()
        try:
            self.end_all()
        finally:
            self._process.communicate()

    @property
    def pid(self) -> int:
        """The process id of the guardian."""
        return self._process.pid

    def make(self, do: Callable[[], object], undo: Command) -> None:
        """Make a part of the stage: it is held as a fault is, and stands until this context ends.

        Raises:
            StageError: the guardian has ended.
        """
        with self._lock:
            self._parts.add(self.play(do, undo).number)

    def play(self, do: Callable[[], object], undo: Command) -> Fault:
        """Begin a fault; ``undo`` has to be harmless where there is nothing to undo.

        Raises:
            StageError: the guardian has ended, and every fault with it.
        """
        number = next(self._numbers)
        with self._lock:
            if not self._send(_Order(number, undo)):
                raise StageError("the guardian has ended: every fault was undone")
            self._undo[number] = undo
            try:
                do()
            except BaseException:
                self.end(number)
                raise
        return Fault(self, number)

    def end(self, number: int) -> None:
        """End one fault, if it is not over. Raises StageError."""
        with self._lock:
            undo = self._undo.pop(number, None)
            if undo is None:
                return
            failed = _run_each([undo])
            if failed:  # the guardian keeps it, and tries again at the end
                raise StageError(failed[0])
            self._send(_Order(number))

    def end_all(self) -> None:
        """End every fault, the latest first, whether or not one fails. Raises StageError."""
        failed = []
        for number in sorted(self._undo.keys() - self._parts, reverse=True):
            try:
                self.end(number)
            except StageError as error:
                failed.append(str(error))
        if failed:
            raise StageError("; ".join(failed))

    def _send(self, order: _Order) -> bool:
        """Send it; return False to a guardian that has ended."""
        pipe = self._process.stdin
        if pipe is None or self._is_lost:
            return False
        try:
            pipe.write(msgspec.json.encode(order) + b"\n")
        except BrokenPipeError:
            return False
        return True

    def _watch(self) -> None:
        """Undo every fault if the guardian ends before its controller."""
        self._process.wait()
        with self._lock:
            if not self._is_closing:
                self._is_lost = True
                with contextlib.suppress(StageError):
                    self.end_all()


def _run_each(commands: Iterable[Sequence[str]]) -> list[str]:
    """Run every command; return what went wrong, in words."""
    failed = []
    for command in commands:
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=_UNDO_TIMEOUT_S)
        except subprocess.CalledProcessError as error:
            said = error.stderr.decode(errors="replace").strip()
            failed.append(f"{' '.join(command)}: {said or f'exit code {error.returncode}'}")
        except (OSError, subprocess.TimeoutExpired) as error:
            failed.append(f"{' '.join(command)}: {error}")
    return failed


def main() -> None:
    """Take orders until the controller ends, then undo what it has left."""
    for number in _IGNORED:
        signal.signal(number, signal.SIG_IGN)
    undo: dict[int, Command] = {}
    for line in sys.stdin.buffer:
        if line.endswith(b"\n"):  # else its fault has not begun: the controller ended in the middle
            order = msgspec.json.decode(line, type=_Order)
            undo.pop(order.number, None)
            if order.undo:
                undo[order.number] = order.undo
    failed = _run_each(undo[number] for number in sorted(undo, reverse=True))
    with contextlib.suppress(OSError):  # the terminal may be gone with the controller
        sys.stderr.writelines(f"not undone: {text}\n" for text in failed)


if __name__ == "__main__":
    main()
