"""The thread that owns the spool: no disk, however slow, delays a beat."""

import queue
import threading
from collections.abc import Callable
from typing import NamedTuple

from agent.spool.disk import Spool
from agent.spool.records import Record
from venuewatch.base import clock

SYNC_EVERY_S = 1.0


class Status(NamedTuple):
    """How the spool stood after its last work."""

    pending: int = 0
    size_bytes: int = 0
    dropped: int = 0


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
        self._wake = wake
        self._orders: queue.SimpleQueue[Callable[[Spool], object] | None] = queue.SimpleQueue()
        self._batches: queue.SimpleQueue[Batch] = queue.SimpleQueue()
        self.is_asked = False
        self.status = Status()
        self._thread = threading.Thread(
            target=self._serve, args=(open_spool,), name="spool", daemon=True
        )
        self._thread.start()

    def keep(self, payload: bytes, catalogue: bytes = b"") -> None:
        """Have a payload kept, with the catalogue that it cannot be read without."""
        self._orders.put(lambda spool: spool.append(payload, catalogue))

    def acknowledge(self, number: int) -> None:
        """Have everything up to ``number`` forgotten."""
        self._orders.put(lambda spool: spool.acknowledge(number))

    def ask(self, after: int, *, max_bytes: int) -> bool:
        """Ask for the oldest records above ``after``; return False while an answer is under way."""
        if self.is_asked:
            return False
        self.is_asked = True
        self._orders.put(lambda spool: self._batches.put(_batch_of(spool, after, max_bytes)))
        return True

    def batch(self) -> Batch | None:
        """Return the answer to the last ``ask`` once, or None while there is none."""
        if self._batches.empty():
            return None
        self.is_asked = False
        return self._batches.get()

    def finished(self) -> threading.Event:
        """Return an event that is set once everything asked for before is done."""
        done = threading.Event()
        self._orders.put(lambda _: done.set())
        return done

    def close(self, *, timeout_s: float = 2.0) -> None:
        """Have everything done that was asked for, and wait a moment until it is safe."""
        self._orders.put(None)
        self._thread.join(timeout_s)

    def _serve(self, open_spool: Callable[[], Spool]) -> None:
        spool = open_spool()
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

    def _note(self, spool: Spool) -> None:
        self.status = Status(spool.pending, spool.size_bytes, spool.dropped)
        self._wake()


def _batch_of(spool: Spool, after: int, max_bytes: int) -> Batch:
    records = spool.read(after, max_bytes=max_bytes)
    return Batch(records, spool.last - records[-1].number if records else 0)
