"""Does in threads what takes time, such as to start a program, so that a loop waits for none of it.

1. Each piece of work is of a lane, which has threads of its own: a witness that waits for packets
   delays nobody who strikes.
2. What comes of it is taken by the loop: ``take`` calls ``then`` in the loop's thread. So what the
   loop has belongs to one thread.
3. The threads stay until all is over. A program that was started by one ends with that thread, not
   with the process (``PR_SET_PDEATHSIG``).
"""

import queue
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, Generic, Literal, NamedTuple, Self, TypeAlias, TypeVar

from venuewatch.base import clock

T = TypeVar("T")

Lane: TypeAlias = Literal["strike", "mend", "look"]

THREADS: Final[Mapping[Lane, int]] = {"strike": 6, "mend": 6, "look": 16}
"""How many pieces of work of each lane are done at a time."""

_END_S: Final = 2.0

_Came: TypeAlias = Callable[[], None]


class Done(NamedTuple, Generic[T]):
    """What came of a piece of work, and when (monotonic s) it was done."""

    value: T
    began_at: float
    ended_at: float


class Workers:
    """A context that has the threads."""

    def __init__(self) -> None:
        self._came: queue.SimpleQueue[_Came] = queue.SimpleQueue()
        self._lanes: dict[Lane, queue.SimpleQueue[Callable[[], _Came] | None]] = {
            lane: queue.SimpleQueue() for lane in THREADS
        }
        self._threads = [
            threading.Thread(target=self._serve, args=(lane,), name=lane, daemon=True)
            for lane, number in THREADS.items()
            for _ in range(number)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_more: object) -> None:
        for lane, number in THREADS.items():
            for _ in range(number):
                self._lanes[lane].put(None)
        end = clock.monotonic() + _END_S
        for thread in self._threads:
            thread.join(max(0.0, end - clock.monotonic()))

    def do(self, lane: Lane, work: Callable[[], T], then: Callable[[Done[T]], None]) -> None:
        """Have ``work`` done; ``then`` gets what came of it, in the thread that takes."""

        def piece() -> _Came:
            began_at = clock.monotonic()
            value = work()
            return partial(then, Done(value, began_at, clock.monotonic()))

        self._lanes[lane].put(piece)

    def take(self, wait_s: float) -> None:
        """Take all that has come; wait so long (s) at most for the first.

        Raises:
            Exception: what a piece of work, or its ``then``, has raised.
        """
        try:
            self._came.get(timeout=wait_s)()
            while True:
                self._came.get_nowait()()
        except queue.Empty:
            return

    def _serve(self, lane: Lane) -> None:
        while (piece := self._lanes[lane].get()) is not None:
            try:
                came = piece()
            except Exception as error:  # noqa: BLE001 - it is raised where it is taken
                came = partial(_raise, error)
            self._came.put(came)


def _raise(error: Exception) -> None:
    raise error
