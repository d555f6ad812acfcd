"""A guardian: a process that undoes the faults of a controller that has ended, or hangs.

1. A controller, which plays faults, starts its guardian in a session of its own: a signal to the
   controller's group does not reach it, and it ignores the signals that ask a process to end.
2. Before each fault the controller sends it what undoes the fault, and how long it may last, and
   waits until the guardian holds that.
3. At the end of a fault the controller undoes it itself, and lets the guardian know.
4. The pipe between both ends with the controller, however the controller ends. The guardian then
   undoes what is left, the latest first, each whether or not one fails.
5. With a lease, a thread of the controller says a few times in it that the controller runs. The
   guardian of one that stands still undoes every fault, and tells it so when it runs again.
6. A fault of a fixed length is undone by the guardian after it, also where its controller forgets.
7. A guardian that is killed leaves no fault alone: the controller undoes all faults at once, and
   plays none any more. Where both are killed, faults of a fixed length are undone after it.

A part of the stage is held in the same way, until the controller closes its guardian. What is due
when is decided in `undoing.py`; the process is `guarding.py`.
"""

import contextlib
import itertools
import os
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Final, Self

import msgspec

from venuewatch.rehearsal.stage.guarding import ABORT, undo_each
from venuewatch.rehearsal.stage.leftovers import MARK
from venuewatch.rehearsal.stage.machine import StageError
from venuewatch.rehearsal.stage.undoing import (
    ABORTED,
    Command,
    Holding,
    Line,
    Order,
    Run,
    Undo,
    Undone,
    Why,
    is_start,
)

LEASE_S: Final = 1.0
"""How long (s) a controller may stand still before its faults are undone."""

_MODULE: Final = "venuewatch.rehearsal.stage.guarding"
_RENEWALS: Final = 5  # in a lease
_ANSWER_S: Final = 30.0
_ENDS_S: Final = 300.0
_LARGEST: Final = 1 << 20


class Fault:
    """A fault that is being played; it ends with its controller at the latest."""

    def __init__(self, guardian: "Guardian", number: int) -> None:
        self._guardian = guardian
        self.number = number

    def end(self) -> None:
        """Undo it, if it is not over. Raises StageError."""
        self._guardian.end(self.number)

    @property
    def undone_by_guardian(self) -> Why | None:
        """Why the guardian ended it; None: it did not."""
        return self._guardian.why_undone(self.number)


class Guardian:
    """The controller's side, a context: plays faults, which are over at its exit.

    ``address``: the name of a socket at which another process may abort. ``lease_s``: how long the
    controller may stand still; None: as long as it lives. ``of``: the run that it is marked with.
    """

    def __init__(self, address: str = "-", lease_s: float | None = None, *, of: str = "") -> None:
        self._address = address
        self._lease_s = lease_s
        self._of = of
        self._numbers = itertools.count(1)
        self._undo: dict[int, Undo] = {}
        self._parts: set[int] = set()
        self._undone: dict[int, Why] = {}
        self._doing: dict[int, threading.Lock] = {}  # faults that begin at this moment
        self._lock = threading.RLock()  # one after the other: what is held, and what is not
        self._pipe_lock = threading.Lock()  # a renewal waits for no undoing
        self._is_closing = threading.Event()
        self._refusal = ""
        self._noted = threading.local()
        self._holding: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._has_ended = False
        self._process: subprocess.Popen[bytes]
        self._watching = threading.Thread(target=self._watch, name="guardian", daemon=True)

    def __enter__(self) -> Self:
        words = (self._address, str(self._lease_s or 0.0))
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-m", _MODULE, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            cwd="/",
            env={**os.environ, MARK: self._of},
            start_new_session=True,
        )
        self._watching.start()
        if self._lease_s is not None:
            threading.Thread(target=self._renew, name="lease", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_closing.set()
        if self._parts:  # programs end with their stage
            self._forget_starts()
        self._parts.clear()
        try:
            self.end_all()
        finally:
            with self._pipe_lock:
                if self._process.stdin is not None:
                    self._process.stdin.close()
            try:
                self._process.wait(_ENDS_S)
            except subprocess.TimeoutExpired:  # it hangs: what it held is a leftover
                self._process.kill()
            self._watching.join()

    @property
    def pid(self) -> int:
        """The process id of the guardian."""
        return self._process.pid

    @property
    def refusal(self) -> str:
        """Why it lets no fault begin any more; empty where it does."""
        return self._refusal

    @contextlib.contextmanager
    def noting(self) -> Iterator[list[Fault]]:
        """Yield the faults that this thread plays until the block ends, as they come."""
        self._noted.faults = faults = list[Fault]()
        try:
            yield faults
        finally:
            self._noted.faults = None

    def make(self, do: Callable[[], object], undo: Command) -> None:
        """Make a part of the stage: it is held as a fault is, and stands until this context ends.

        Raises:
            StageError: the guardian has ended.
        """
        with self._lock:
            number = next(self._numbers)
            self._parts.add(number)
            self._begin(do, Order(number, Run(undo), is_part=True))

    def play(
        self, do: Callable[[], object], undo: Command | Undo, *, lasts_s: float | None = None
    ) -> Fault:
        """Begin a fault, which lasts ``lasts_s`` at most (None: until it is ended).

        ``undo`` has to be harmless where there is nothing to undo.

        Raises:
            StageError: the guardian has ended or the run was aborted, and every fault with it.
        """
        number = next(self._numbers)
        what = undo if isinstance(undo, Line | Run) else Run(undo)
        self._begin(do, Order(number, what, lasts_s))
        fault = Fault(self, number)
        noted: list[Fault] | None = getattr(self._noted, "faults", None)
        if noted is not None:
            noted.append(fault)
        return fault

    def _begin(self, do: Callable[[], object], order: Order) -> None:
        """Begin it once it is held; others begin and end meanwhile, and its own end waits."""
        doing = threading.Lock()
        try:
            with doing:
                with self._lock:
                    self._hold(order)
                    if order.undo is not None:
                        self._undo[order.number] = order.undo
                    self._doing[order.number] = doing
                do()
        except BaseException:
            self.end(order.number)
            raise
        finally:
            self._doing.pop(order.number, None)

    def end(self, number: int) -> None:
        """End one fault, if it is not over. Raises StageError."""
        with self._lock:
            undo = self._undo.pop(number, None)
            doing = self._doing.get(number)
        if undo is None:
            return
        with doing or contextlib.nullcontext():
            failed = undo_each([undo])
        if failed:  # the guardian keeps it, and tries again at the end
            raise StageError(failed[0])
        self._send(Order(number))

    def end_all(self) -> None:
        """End every fault, the latest first, whether or not one fails. Raises StageError."""
        failed = []
        for number in sorted(set(self._undo) - self._parts, reverse=True):
            try:
                self.end(number)
            except StageError as error:
                failed.append(str(error))
        if failed:
            raise StageError("; ".join(failed))

    def _forget_starts(self) -> None:
        for number, undo in list(self._undo.items()):
            if is_start(undo):
                self._undo.pop(number, None)
                self._send(Order(number))

    def why_undone(self, number: int) -> Why | None:
        """Return why the guardian ended a fault; None: it did not."""
        return self._undone.get(number)

    def _send(self, order: Order) -> bool:
        """Send it; return False to a guardian that has ended."""
        with self._pipe_lock:
            pipe = self._process.stdin
            if pipe is None or pipe.closed:
                return False
            try:
                pipe.write(msgspec.json.encode(order) + b"\n")
            except BrokenPipeError:
                return False
            return True

    def _renew(self) -> None:
        """Say again and again that the controller runs."""
        while not self._is_closing.wait((self._lease_s or LEASE_S) / _RENEWALS):
            if not self._send(Order(0)):
                return

    def _watch(self) -> None:
        """Note what the guardian undoes, and undo every fault if it ends before its controller."""
        if self._process.stdout is not None:
            with self._process.stdout as said:
                for line in said:
                    self._note(msgspec.json.decode(line, type=Holding | Undone))
        self._process.wait()
        self._has_ended = True
        self._holding.put(0)
        with self._lock:
            if not self._is_closing.is_set():
                self._refusal = "the guardian has ended: every fault was undone"
                with contextlib.suppress(StageError):
                    self.end_all()

    def _hold(self, order: Order) -> None:
        """Have the guardian hold it. Raises StageError where that has ended."""
        if self._refusal or not self._is_held(order):
            raise StageError(self._refusal or "the guardian has ended: every fault was undone")

    def _is_held(self, order: Order) -> bool:
        """Send it, and wait until the guardian holds it; return False if the guardian ended.

        Raises:
            StageError: it says nothing for long.
        """
        if not self._send(order):
            return False
        try:
            while not self._has_ended:
                if self._holding.get(timeout=_ANSWER_S) == order.number:
                    return True
        except queue.Empty:
            raise StageError(f"the guardian does not answer within {_ANSWER_S:g} s") from None
        return False

    def _note(self, said: Holding | Undone) -> None:
        if isinstance(said, Holding):
            self._holding.put(said.number)
            return
        for number in said.numbers:
            if not said.failed:  # else its end tries again: to undo what is undone is harmless
                self._undo.pop(number, None)
            self._undone[number] = said.why
        if said.why == ABORTED:
            self._refusal = "the run was aborted: every fault was undone"


def abort(address: str) -> Undone | None:
    """Return what the guardian at an address has undone; None: there is no such guardian.

    Raises:
        StageError: it does not answer, so that faults may still last.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as asker:
        asker.settimeout(_ANSWER_S)
        try:
            asker.connect(f"\0{address}")
        except ConnectionRefusedError:
            return None
        said = b""
        with contextlib.suppress(OSError):
            asker.send(ABORT)
            said = asker.recv(_LARGEST)
    if not said:
        raise StageError("the guardian of the run does not answer: its faults may still last")
    return msgspec.json.decode(said, type=Undone)
