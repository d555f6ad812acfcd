"""Threads beside the event loop, for what can wait: files, pages and samples.

They are made when they are wanted, up to ``THREADS_MAX``. Where the system has no more of them,
Python's own pool raises RuntimeError. That would end the task that asked: one that watches files
for ever, or sends samples. Here work waits for a thread that is done, or for another one: it is
asked for again after ``AGAIN_S``.
"""

import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar

from venuewatch.base import log, threads

P = ParamSpec("P")
T = TypeVar("T")

THREADS_MAX: Final = 8
AGAIN_S: Final = 0.5

_logger = logging.getLogger("aggregator")


class Threads(ThreadPoolExecutor):
    """An executor for the loop, with threads of its own: asyncio takes no other kind.

    Only the thread of the loop may submit. ``call_later`` calls something there, so many seconds
    later.
    """

    def __init__(self, call_later: Callable[[float, Callable[[], None]], object]) -> None:
        super().__init__()
        self._call_later = call_later
        self._orders: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._made: list[threading.Thread] = []
        self._idle = 0  # less than 0: so many orders have no thread of their own
        self._has_told = self._is_asking = self._is_over = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have ``fn`` called soon; return what will have its result.

        Raises:
            RuntimeError: the threads were ended.
        """
        future: Future[T] = Future()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
                future.set_exception(error)
            else:
                future.set_result(result)

        with self._lock:
            if self._is_over:
                raise RuntimeError("the threads were ended")
            if self._idle > 0 or not self._has_begun():
                self._idle -= 1
            self._orders.put(work)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - Python's own
        """End the threads, when all is done that was asked for; ``wait`` until then."""
        with self._lock:
            self._is_over = True
            for _ in self._made:
                self._orders.put(None)
        for thread in self._made if wait else ():
            thread.join()
        super().shutdown(wait, cancel_futures=cancel_futures)

    def _has_begun(self) -> bool:
        """Begin a thread; return whether there was one to be had."""
        if len(self._made) == THREADS_MAX:
            return False
        # A daemon: the end of the process waits for the loop's own end, and for no thread beyond.
        name = f"beside-{len(self._made) + 1}"
        thread = threading.Thread(target=self._serve, name=name, daemon=True)
        try:
            threads.begin(thread)
        except RuntimeError:
            self._refused()
            return False
        self._made.append(thread)
        return True

    def _refused(self) -> None:
        if not self._has_told:
            self._has_told = True
            log.event(_logger, logging.WARNING, "threads_refused")
        if not self._is_asking:
            self._is_asking = True
            self._call_later(AGAIN_S, self._again)

    def _again(self) -> None:
        """Ask for the threads that were refused, if work waits for them still."""
        with self._lock:
            self._is_asking = False
            while self._idle < 0 and not self._is_over and self._has_begun():
                self._idle += 1

    def _serve(self) -> None:
        while (work := self._orders.get()) is not None:
            work()
            del work  # it may hold much, and the next one may be long in coming
            with self._lock:
                self._idle += 1
