"""The threads that take readings: a slow one delays nobody else."""

import queue
import threading
from collections.abc import Callable, Iterator

import pytest

from agent.runner import Pool

PATIENCE_S = 10.0


class Desk:
    def __init__(self) -> None:
        self.may_end = threading.Event()
        self.has_begun = threading.Event()
        self._wakes: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.pool = Pool(lambda: self._wakes.put("woken"))

    def quick(self, word: str) -> Callable[[], None]:
        return lambda: self._done.put(word)

    def hang(self) -> None:
        self.has_begun.set()
        assert self.may_end.wait(PATIENCE_S)
        self._done.put("hung")

    def next_done(self) -> str:
        self._wakes.get(timeout=PATIENCE_S)
        return self._done.get(timeout=PATIENCE_S)


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.may_end.set()


def test_no_thread_is_made_before_there_is_work(desk: Desk) -> None:
    assert desk.pool.threads == 0


def test_work_that_hangs_delays_no_other(desk: Desk) -> None:
    desk.pool.run(desk.hang)
    assert desk.has_begun.wait(PATIENCE_S)

    desk.pool.run(desk.quick("vitals"))

    assert desk.next_done() == "vitals"
    desk.may_end.set()
    assert desk.next_done() == "hung"


def test_quick_work_one_after_the_other_needs_one_thread(desk: Desk) -> None:
    for number in range(20):
        desk.pool.run(desk.quick(str(number)))
        assert desk.next_done() == str(number)

    assert desk.pool.threads == 1


def test_as_many_threads_are_made_as_hang_and_no_more(desk: Desk) -> None:
    for _ in range(3):
        desk.pool.run(desk.hang)
    desk.may_end.set()
    for _ in range(3):
        desk.next_done()

    desk.pool.run(desk.quick("vitals"))

    assert desk.next_done() == "vitals"
    assert desk.pool.threads == 3


def test_a_reading_that_hangs_does_not_keep_the_agent_from_ending(desk: Desk) -> None:
    desk.pool.run(desk.hang)
    assert desk.has_begun.wait(PATIENCE_S)

    readers = [thread for thread in threading.enumerate() if thread.name.startswith("reading-")]

    assert readers
    assert all(thread.daemon for thread in readers)
