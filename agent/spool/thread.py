"""The thread that owns the spool: no disk, however slow, delays a beat.

Where the system gives no thread, orders wait for one. It is asked for again with each further
order, and with each look for an answer. Orders also wait while another agent has the folder.
"""

import queue
import threading
from collections.abc import Callable
from typing import NamedTuple

from agent.spool.disk import MEMORY_BYTES, Spool
from agent.spool.lock import InUseError
from agent.spool.records import Record
from venuewatch.base import clock, threads

SYNC_EVERY_S = 1.0
TAKE_EVERY_S = 1.0
"""How often (s) a folder is tried that another agent has."""

WAITING_MAX = 1_000
"""How many orders wait for a thread or a folder, within ``MEMORY_BYTES``; the rest is dropped."""


class Status(NamedTuple):
    """How the spool stood after its last work."""

    pending: int = 0
    size_bytes: int = 0
    dropped: int = 0
    failures: int = 0
    trouble: str = ""


class Batch(NamedTuple):
    """The oldest records that were asked for, and how many are behind them."""

    records: list[Record]
    behind: int


class SpoolThread:
    """Asks the spool to do things, without waiting for them.

    Attributes:
        status: how the spool stood after the last thing it did.
        is_asked: whether an answer to ``ask`` is under way; it wakes the shell.
    """

    def __init__(self, open_spool: Callable[[], Spool], wake: Callable[[], None]) -> None:
        self._open_spool = open_spool
        self._wake = wake
        self._orders: queue.SimpleQueue[Callable[[Spool], object] | None] = queue.SimpleQueue()
        self._batches: queue.SimpleQueue[Batch] = queue.SimpleQueue()
        self.is_asked = False
        self.status = Status()
        self._dropped = 0
        self._failures = 0
        self._waiting_bytes = 0
        self._waiting_catalogue = b""
        self._is_open = self._is_in_use = False
        self._is_ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._has_begun()

    def keep(self, payload: bytes, catalogue: bytes = b"") -> None:
        """Have a payload kept, with the catalogue that it cannot be read without."""
        is_bounded = not self._has_begun() or self._is_in_use
        if not self._is_open and not self._has_room_for(payload, catalogue, is_bounded=is_bounded):
            return
        self._orders.put(lambda spool: spool.append(payload, catalogue))

    def acknowledge(self, number: int) -> None:
        """Have everything up to ``number`` forgotten."""
        self._order(lambda spool: spool.acknowledge(number))

    def ask(self, after: int, *, max_bytes: int) -> bool:
        """Ask for the oldest records above ``after``; return False while an answer is under way."""
        if self.is_asked:
            return False
        self.is_asked = True
        self._order(lambda spool: self._batches.put(_batch_of(spool, after, max_bytes)))
        return True

    def batch(self) -> Batch | None:
        """Return the answer to the last ``ask`` once, or None while there is none."""
        if self._batches.empty():
            self._has_begun()  # what was asked for may have found no thread
            return None
        self.is_asked = False
        return self._batches.get()

    def finished(self) -> threading.Event:
        """Return an event that is set once everything asked for before is done."""
        done = threading.Event()
        self._order(lambda _: done.set())
        return done

    def close(self, *, timeout_s: float = 2.0) -> None:
        """Have everything done that was asked for, and wait a moment until it is safe."""
        self._orders.put(None)
        self._is_ending.set()
        if self._has_begun() and self._thread is not None:
            self._thread.join(timeout_s)

    def _has_room_for(self, payload: bytes, catalogue: bytes, *, is_bounded: bool) -> bool:
        """Count a payload that waits as pending or, beyond the bound, as dropped."""
        is_said = catalogue in {b"", self._waiting_catalogue}
        size = self._waiting_bytes + len(payload) + (0 if is_said else len(catalogue))
        if is_bounded and (self._orders.qsize() >= WAITING_MAX or size > MEMORY_BYTES):
            self._dropped += 1
            self.status = self.status._replace(dropped=self._dropped)
            return False
        self._waiting_bytes = size
        self._waiting_catalogue = catalogue or self._waiting_catalogue
        self.status = self.status._replace(pending=self.status.pending + 1)
        return True

    def _order(self, order: Callable[[Spool], object]) -> None:
        self._has_begun()
        self._orders.put(order)

    def _has_begun(self) -> bool:
        """Begin the thread, unless it runs; return whether it does."""
        if self._thread is not None:
            return True
        thread = threading.Thread(target=self._serve, name="spool", daemon=True)
        try:
            threads.begin(thread)
        except RuntimeError:
            return False
        self._thread = thread
        return True

    def _serve(self) -> None:
        spool = self._opened()
        if spool is None:
            return
        self._is_open, self._is_in_use = True, False
        self._note(spool)
        sync_at: float | None = None
        while True:
            try:
                wait_s = None if sync_at is None else max(0.0, sync_at - clock.monotonic())
                order = self._orders.get(timeout=wait_s)
            except queue.Empty:
                spool.sync()
                sync_at = None
            else:
                if order is None:
                    spool.close()
                    return
                order(spool)
                if sync_at is None:
                    sync_at = clock.monotonic() + SYNC_EVERY_S
                elif clock.monotonic() >= sync_at:
                    spool.sync()
                    sync_at = None
            self._note(spool)

    def _opened(self) -> Spool | None:
        """Open the spool once no other agent has it; None if we end before."""
        is_last = False
        while not is_last:
            is_last = self._is_ending.is_set()
            try:
                return self._open_spool()
            except InUseError as error:
                self._is_in_use = True
                self._failures += 1
                trouble = str(error)
            self.status = self.status._replace(failures=self._failures, trouble=trouble)
            self._is_ending.wait(TAKE_EVERY_S)
        return None

    def _note(self, spool: Spool) -> None:
        dropped, failures = self._dropped + spool.dropped, self._failures + spool.failures
        trouble = spool.trouble or ""
        self.status = Status(spool.pending, spool.size_bytes, dropped, failures, trouble)
        self._wake()


def _batch_of(spool: Spool, after: int, max_bytes: int) -> Batch:
    records = spool.read(after, max_bytes=max_bytes)
    return Batch(records, spool.last - records[-1].number if records else 0)
