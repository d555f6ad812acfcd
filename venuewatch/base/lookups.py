"""Questions to the system's resolver, which can't be told when to stop: each in its own thread.

A name server that is silent holds a thread for up to half a minute, and nothing else. The same
question, asked again while it hangs, waits for the same thread. Of different questions no more
than a given number hang at once.
"""

import math
import socket
import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Lookup(Generic[T]):
    """One question, answered in a thread."""

    def __init__(self, answer: Callable[[], T], forget: Callable[[], None]) -> None:
        self._ask = answer
        self._forget = forget
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._then: list[Callable[[], None]] = []
        self._answer: T
        self._error: Exception | None = None

    def begin(self) -> None:
        """Ask, in a daemon: a resolver that hangs must not keep the program from ending."""
        threading.Thread(target=self._run, name="lookup", daemon=True).start()

    def wait(self, timeout_s: float) -> T:
        """Return the answer; raises TimeoutError where none comes in time, or what ``result`` does.

        No event loop may call it.
        """
        if not self._done.wait(timeout_s):
            raise TimeoutError
        return self.result()

    def when_done(self, then: Callable[[], None]) -> None:
        """Have ``then`` called once there is an answer: in the thread, or now if there is one."""
        with self._lock:
            if not self._done.is_set():
                self._then.append(then)
                return
        then()

    def result(self) -> T:
        """Return the answer, once there is one. Raises the resolver's error."""
        if self._error is not None:
            raise self._error
        return self._answer

    def _run(self) -> None:
        try:
            self._answer = self._ask()
        except Exception as error:  # noqa: BLE001 - it is the asker's
            self._error = error
        self._forget()
        with self._lock:
            self._done.set()
        for then in self._then:
            then()


class Lookups(Generic[T]):
    """All questions of one kind. Any thread may ask.

    ``ask`` gets the words of a question; no more than ``most`` wait for their answer at once.
    """

    def __init__(self, ask: Callable[..., T], *, most: float = math.inf) -> None:
        self._ask = ask
        self._most = most
        self._lock = threading.Lock()
        self._pending: dict[tuple[Hashable, ...], Lookup[T]] = {}

    def __len__(self) -> int:
        """Return how many questions have no answer yet."""
        return len(self._pending)

    def ask(self, *question: Hashable) -> Lookup[T]:
        """Ask, or join those who have asked the same and wait.

        Raises:
            socket.gaierror: too many questions have no answer yet.
        """
        with self._lock:
            lookup = self._pending.get(question)
            if lookup is not None:
                return lookup
            if len(self._pending) >= self._most:
                raise socket.gaierror(socket.EAI_AGAIN, "earlier questions have no answer yet")
            lookup = Lookup(lambda: self._ask(*question), lambda: self._forget(question))
            lookup.begin()
            self._pending[question] = lookup
        return lookup

    def _forget(self, question: tuple[Hashable, ...]) -> None:
        with self._lock:
            self._pending.pop(question, None)
