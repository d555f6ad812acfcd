"""Threads of an agent that do what they were given when the test says so."""

import threading
from collections.abc import Callable

WAIT_S = 10.0


class LaterThreads:
    def __init__(self) -> None:
        self.works: list[Callable[[], None]] = []

    def run(self, work: Callable[[], None]) -> None:
        self.works.append(work)

    def finish(self) -> None:
        while self.works:
            self.works.pop(0)()


class HangingThreads:
    """Threads whose work may hang: ``run`` returns when it has ended, or has called ``hang``.

    Attributes:
        made: how many there were.
    """

    def __init__(self) -> None:
        self.made = 0
        self._hung: dict[str, threading.Event] = {}
        self._rests = threading.Semaphore(0)

    def run(self, work: Callable[[], None]) -> None:
        def serve() -> None:
            work()
            self._rests.release()

        self.made += 1
        threading.Thread(target=serve, daemon=True).start()
        assert self._rests.acquire(timeout=WAIT_S)

    def hang(self, name: str) -> None:
        """Hang, in the thread that calls this, until ``let_go``."""
        self._hung[name] = event = threading.Event()
        self._rests.release()
        assert event.wait(WAIT_S)

    def let_go(self, name: str) -> None:
        """Let what hangs go on, until its thread has ended or hangs again."""
        self._hung.pop(name).set()
        assert self._rests.acquire(timeout=WAIT_S)

    def let_all_go(self) -> None:
        for name in list(self._hung):
            self.let_go(name)
