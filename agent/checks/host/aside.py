"""Runs work that may hang, as in a network folder whose server is gone, in a thread of its own.

Nothing can end such a thread: it stays until the system lets it go, and there is one at most.
"""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from agent.checks.reading.times import Deadline
from venuewatch.base import threads

T = TypeVar("T")


class _Work(Generic[T]):
    """One piece of work that is under way, or done."""

    def __init__(self, work: Callable[[], T], name: str) -> None:
        self._work = work
        self._result: list[T] = []
        self._error: BaseException | None = None
        self.done = threading.Event()
        # A daemon: what hangs must not keep the agent from ending.
        threads.begin(threading.Thread(target=self._run, name=name, daemon=True))

    def result(self) -> T:
        """Return what the work returned; raises what it raised."""
        if self._error is not None:
            raise self._error
        return self._result[0]

    def _run(self) -> None:
        try:
            self._result.append(self._work())
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            self._error = error
        self.done.set()


class Aside(Generic[T]):
    """Does work aside, one piece at a time."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._under_way: _Work[T] | None = None

    def do(self, work: Callable[[], T], deadline: Deadline) -> T | None:
        """Return what ``work`` returns; None if it has not ended by the deadline, and goes on.

        What is under way still from the last time takes the place of ``work``. Raises what the
        work raises, and RuntimeError where the system gives no more threads.
        """
        if self._under_way is None:
            self._under_way = _Work(work, self._name)
        under_way = self._under_way
        if not under_way.done.wait(_left_s(deadline)):
            return None
        self._under_way = None
        return under_way.result()


def _left_s(deadline: Deadline) -> float:
    return 0.0 if deadline.is_over() else deadline.left_s()
