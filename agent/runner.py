"""Runs the readings of one host, each in its own rhythm, and none in another's way.

Threads are made only when all others are busy: a machine whose readings are quick has one or two.
A reading that hangs keeps its thread, and the others get another. A task that has not ended
within its timeout is reported as hanging, then again at each of its slots, for as long as it
hangs; its late result is dropped.
"""

import math
import queue
import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple, Protocol, TypeAlias

import msgspec

from agent.slots import Slots
from venuewatch.base import clock, threads

_Orders: TypeAlias = "queue.SimpleQueue[Callable[[], None]]"


class Threads(Protocol):
    """Where work is done; see :class:`agent.runner.Pool`."""

    def run(self, work: Callable[[], None]) -> None:
        """Have ``work`` done soon."""


class Outcome(NamedTuple):
    """How one reading ended. Exactly one of ``value`` and ``error`` is not None.

    ``slot`` is its number in the task's rhythm; ``duration_s`` how long it took, or has hung.
    """

    name: str
    slot: int
    duration_s: float
    value: object | None
    error: str | None


class Task(msgspec.Struct):
    """One thing to read: ``work`` must return something that is not None."""

    name: str
    work: Callable[[], object]
    slots: Slots
    timeout_s: float
    begun_at: float | None = None
    slot: int = -1
    is_reported: bool = False

    @property
    def next_at(self) -> float:
        """When (monotonic s) there is something to do or to say."""
        if self.begun_at is None or self.is_reported:
            return self.slots.next_at
        return min(self.slots.next_at, self.begun_at + self.timeout_s)


class Runner:
    """Starts what is due and collects what has ended. Not for two threads at once."""

    def __init__(self, tasks: Iterable[Task], threads: Threads) -> None:
        self._tasks = {task.name: task for task in tasks}
        self._threads = threads
        self._ended: queue.SimpleQueue[Outcome] = queue.SimpleQueue()

    @property
    def next_at(self) -> float:
        """When (monotonic s) to call ``advance`` again, if nothing ends before."""
        return min((task.next_at for task in self._tasks.values()), default=math.inf)

    @property
    def skipped(self) -> int:
        """How many slots of all tasks have passed unseen."""
        return sum(task.slots.skipped for task in self._tasks.values())

    def advance(self, now: float) -> list[Outcome]:
        """Start what is due at ``now`` (monotonic s), and return what there is to tell."""
        told = self._collect()
        for task in self._tasks.values():
            slot = task.slots.take(now)
            if task.begun_at is None:
                if slot is not None:
                    self._begin(task, slot, now)
                continue
            hung_s = now - task.begun_at
            is_over = hung_s >= task.timeout_s
            if is_over and (slot is not None or not task.is_reported):
                task.is_reported = True
                error = f"no answer for {hung_s:.1f} s"
                told.append(Outcome(task.name, task.slot, hung_s, None, error))
        return told

    def _collect(self) -> list[Outcome]:
        told = []
        while not self._ended.empty():
            outcome = self._ended.get()
            task = self._tasks[outcome.name]
            if not task.is_reported:
                told.append(outcome)
            task.begun_at = None
        return told

    def _begin(self, task: Task, slot: int, now: float) -> None:
        task.begun_at = now
        task.slot = slot
        task.is_reported = False
        self._threads.run(lambda: self._ended.put(_done(task, slot)))


def _done(task: Task, slot: int) -> Outcome:
    begin = clock.monotonic()
    try:
        value, error = task.work(), None
    except Exception as raised:  # noqa: BLE001 - a check's bug is that check's outcome
        value, error = None, f"{type(raised).__name__}: {raised}"
    return Outcome(task.name, slot, clock.monotonic() - begin, value, error)


class Pool:
    """Runs work elsewhere, and calls ``wake`` when some is done.

    Of the threads that are idle, the one that was so last is asked first: it costs the least to
    wake. Where the system has no more threads, work waits for one that has ended what it does. The
    same work does not wait twice.

    Attributes:
        threads: how many were made.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._lock = threading.Lock()
        self._idle: list[_Orders] = []  # of each thread its own: one of all would wake two
        self._waiting: list[Callable[[], None]] = []  # what was refused a thread
        self.threads = 0

    def run(self, work: Callable[[], None]) -> None:
        """Have ``work`` done soon. It must not raise."""
        with self._lock:
            if self._idle:
                self._idle.pop().put(work)
                return
            orders: _Orders = queue.SimpleQueue()
            has_started = self._has_started(orders)
            if has_started or work not in self._waiting:
                self._waiting.append(work)
            if has_started:
                orders.put(self._waiting.pop(0))

    def _has_started(self, orders: _Orders) -> bool:
        """Start a thread that does as ordered; return whether there was one to be had."""
        # A daemon: a reading that hangs in the kernel must not keep the agent from ending.
        name = f"reading-{self.threads + 1}"
        serve = partial(self._serve, orders)
        try:
            threads.begin(threading.Thread(target=serve, name=name, daemon=True))
        except RuntimeError:
            return False
        self.threads += 1
        return True

    def _serve(self, orders: _Orders) -> None:
        while True:
            work = orders.get()
            work()
            del work  # it may hold much, and the next one may be long in coming
            with self._lock:
                if self._waiting:
                    orders.put(self._waiting.pop(0))
                else:
                    self._idle.append(orders)
            self._wake()
