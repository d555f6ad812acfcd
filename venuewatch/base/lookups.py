"""Questions to the system's resolver, which can't be told when to stop: each in its own thread.

A name server that is silent holds a thread for up to half a minute, and nothing else. The same
question, asked again while it hangs, waits for the same thread. A resolver may hang for ever: so a
question that was given up can be asked anew, in another thread. No more than a given number hang.
"""

import math
import socket
import threading
from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

from venuewatch.base import threads

T = TypeVar("T")


class Lookup(Generic[T]):
    """One question, answered in a thread.

    Attributes:
        is_given_up: whether one who has asked waits no more.
    """

    def __init__(self, answer: Callable[[], T], forget: Callable[["Lookup[T]"], None]) -> None:
        self._ask = answer
        self._forget = forget
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._then: list[Callable[[], None]] = []
        self._answer: T
        self._error: Exception | None = None
        self.is_given_up = False

    def begin(self) -> None:
        """Ask, in a daemon: a resolver that hangs must not keep the program from ending.

        Raises:
            RuntimeError: the system gives no thread.
        """
        threads.begin(threading.Thread(target=self._run, name="lookup", daemon=True))

    def wait(self, timeout_s: float) -> T:
        """Return the answer; raises TimeoutError where none comes in time, or what ``result`` does.

        No event loop may call it.
        """
        if not self._done.wait(timeout_s):
            self.is_given_up = True
            raise TimeoutError
        return self.result()

    def when_done(self, then: Callable[[], None]) -> None:
        """Have ``then`` called once there is an answer: in the thread, or now if there is one."""
        with self._lock:
            if not self._done.is_set():
                self._then.append(then)
                return
        then()

    def give_up(self, then: Callable[[], None]) -> None:
        """Have ``then`` not called any more: who asked waits no longer."""
        with self._lock:
            self.is_given_up = True
            if then in self._then:
                self._then.remove(then)

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
        self._forget(self)
        with self._lock:
            self._done.set()
            called, self._then = self._then, []
        for then in called:
            then()


class Lookups(Generic[T]):
    """All questions of one kind. Any thread may ask.

    ``ask`` gets the words of a question; no more than ``most`` wait for their answer at once. One
    that was given up is asked anew, in ``of_one`` threads at most, and never in the last one that
    another question may need.
    """

    def __init__(self, ask: Callable[..., T], *, most: float = math.inf, of_one: int = 1) -> None:
        self._ask = ask
        self._most = most
        self._of_one = of_one
        self._lock = threading.Lock()
        self._pending: dict[tuple[Hashable, ...], list[Lookup[T]]] = {}
        self._first: tuple[Hashable, ...] | None = None
        self._are_different = False
        self._hanging = 0

    def __len__(self) -> int:
        """Return how many questions have no answer yet."""
        return self._hanging

    def ask(self, *question: Hashable) -> Lookup[T]:
        """Ask, or join those who have asked the same and wait.

        Raises:
            socket.gaierror: too many questions have no answer yet, or there is no thread for one.
        """
        with self._lock:
            same = self._pending.get(question, [])
            if same and not self._is_to_repeat(same):
                return same[-1]
            if self._hanging >= self._most:
                raise socket.gaierror(socket.EAI_AGAIN, "earlier questions have no answer yet")
            lookup = Lookup(lambda: self._ask(*question), lambda it: self._forget(question, it))
            try:
                lookup.begin()
            except RuntimeError:
                raise socket.gaierror(socket.EAI_MEMORY, "no thread to ask in") from None
            self._first = question if self._first is None else self._first
            self._are_different |= question != self._first
            self._pending[question] = [*same, lookup]
            self._hanging += 1
        return lookup

    def _is_to_repeat(self, same: Sequence[Lookup[T]]) -> bool:
        """Tell whether a question that hangs already is asked anew."""
        kept_free = 1 if self._are_different else 0
        has_room = len(same) < self._of_one and self._hanging + kept_free < self._most
        return has_room and same[-1].is_given_up

    def _forget(self, question: tuple[Hashable, ...], lookup: Lookup[T]) -> None:
        with self._lock:
            self._hanging -= 1
            left = [each for each in self._pending.pop(question) if each is not lookup]
            if left:
                self._pending[question] = left
