"""A few threads that take readings, so that a slow one delays neither a beat nor another one.

Threads are made only when all others are busy, so a machine whose readings are quick has one or
two. A reading that hangs keeps its thread, and everybody else gets another.
"""

import queue
import threading
from collections.abc import Callable


class Pool:
    """Runs work elsewhere, and calls ``wake`` when some is done."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._orders: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._idle = threading.Semaphore(0)
        self.threads = 0

    def run(self, work: Callable[[], None]) -> None:
        """Have ``work`` done soon. It must not raise."""
        if not self._idle.acquire(blocking=False):
            self.threads += 1
            # A daemon: a reading that hangs in the kernel must not keep the agent from ending.
            name = f"reading-{self.threads}"
            threading.Thread(target=self._serve, name=name, daemon=True).start()
        self._orders.put(work)

    def _serve(self) -> None:
        while True:
            self._orders.get()()
            self._idle.release()
            self._wake()
