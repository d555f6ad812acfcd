"""One thread that reads the machine, so that a slow reading never delays a beat."""

import queue
import socket
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Worker(Generic[T]):
    """Runs ``work`` when asked, one at a time, and wakes the shell when it is done."""

    def __init__(self, work: Callable[[], T], wake: socket.socket) -> None:
        self._work = work
        self._wake = wake
        self._orders: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[int, T]] = queue.SimpleQueue()
        self._is_busy = False
        # A daemon: a reading that hangs in the kernel must not keep the agent from ending.
        threading.Thread(target=self._run, name="worker", daemon=True).start()

    def ask(self, number: int) -> bool:
        """Order the reading of slot ``number``; return False if the last one still hangs."""
        if self._is_busy:
            return False
        self._is_busy = True
        self._orders.put(number)
        return True

    def results(self) -> list[tuple[int, T]]:
        """Hand over what was finished since the last call, with its slot's number."""
        found = []
        while not self._done.empty():
            found.append(self._done.get())
            self._is_busy = False
        return found

    def _run(self) -> None:
        while True:
            number = self._orders.get()
            self._done.put((number, self._work()))
            self._wake.send(b"w")
