"""Readings in their own rhythm and threads: a slow, hanging or crashing one delays no other."""

import math
import queue
import threading
from collections.abc import Callable, Iterator

import pytest

from agent.runner import Outcome, Pool, Runner, Task
from agent.slots import Slots
from tests.agent.later_threads import LaterThreads

PATIENCE_S = 10.0


def task(name: str, work: Callable[[], object] = lambda: "fine", *, timeout_s: float = 3.0) -> Task:
    return Task(name, work, slots=Slots(0.0, 10.0), timeout_s=timeout_s)


def names(outcomes: list[Outcome]) -> list[str]:
    return [outcome.name for outcome in outcomes]


def test_what_is_due_is_started_and_told_when_it_has_ended() -> None:
    threads = LaterThreads()
    runner = Runner([task("a")], threads)

    assert runner.advance(0.0) == []
    threads.finish()
    (told,) = runner.advance(0.1)

    assert (told.name, told.slot, told.value, told.error) == ("a", 0, "fine", None)
    assert runner.next_at == 10.0


def test_a_crash_is_the_outcome_of_that_task_only() -> None:
    threads = LaterThreads()
    runner = Runner([task("bad", lambda: 1 / 0), task("good")], threads)

    runner.advance(0.0)
    threads.finish()
    told = {outcome.name: outcome for outcome in runner.advance(0.1)}

    assert told["bad"].error == "ZeroDivisionError: division by zero"
    assert told["good"].value == "fine"


def test_a_hanging_reading_is_told_at_its_timeout_and_again_at_each_slot() -> None:
    runner = Runner([task("a")], LaterThreads())
    runner.advance(0.0)

    assert runner.next_at == 3.0
    assert runner.advance(2.9) == []
    assert [told.error for told in runner.advance(3.0)] == ["no answer for 3.0 s"]
    assert runner.advance(5.0) == []
    assert runner.next_at == 10.0
    assert [told.error for told in runner.advance(10.0)] == ["no answer for 10.0 s"]


def test_a_hanging_reading_is_not_started_twice_and_its_late_word_is_not_told() -> None:
    threads = LaterThreads()
    runner = Runner([task("a")], threads)
    runner.advance(0.0)
    runner.advance(3.0)
    runner.advance(10.0)

    threads.finish()

    assert runner.advance(11.0) == []
    runner.advance(20.0)
    threads.finish()
    assert names(runner.advance(20.1)) == ["a"]


def test_a_slow_reading_within_its_timeout_skips_slots_and_is_told_once() -> None:
    threads = LaterThreads()
    runner = Runner([task("a", timeout_s=60.0)], threads)
    runner.advance(0.0)
    assert runner.advance(10.0) == []

    threads.finish()

    assert names(runner.advance(15.0)) == ["a"]
    assert runner.advance(20.0) == []
    assert len(threads.works) == 1


def test_no_tasks_need_no_attention() -> None:
    assert Runner([], LaterThreads()).next_at == math.inf


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


def test_where_no_more_threads_are_to_be_had_work_waits_for_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.pool.run(desk.hang)
    assert desk.has_begun.wait(PATIENCE_S)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        for number in range(3):
            desk.pool.run(desk.quick(str(number)))

    desk.may_end.set()

    assert [desk.next_done() for _ in range(4)] == ["hung", "0", "1", "2"]
    desk.pool.run(desk.quick("later"))
    assert desk.next_done() == "later"
    assert desk.pool.threads == 1


def test_work_that_found_no_thread_at_all_is_done_by_the_next_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        desk.pool.run(desk.quick("first"))

    desk.pool.run(desk.quick("second"))

    assert [desk.next_done() for _ in range(2)] == ["first", "second"]


def test_work_that_waits_for_a_thread_is_not_put_twice(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    same = desk.quick("same")
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        for _ in range(3):
            desk.pool.run(same)

    desk.pool.run(desk.quick("next"))

    assert [desk.next_done() for _ in range(2)] == ["same", "next"]
    desk.pool.run(same)
    assert desk.next_done() == "same"


def refuse(_thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")
