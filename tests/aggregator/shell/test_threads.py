"""Threads beside the loop: where the system gives no more, work waits and no task ends."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future

import pytest

from aggregator.shell import threads as beside
from aggregator.shell.resolving import Loop
from aggregator.shell.system_metrics import SystemMetrics
from aggregator.shell.threads import THREADS_MAX, Threads

PATIENCE_S = 10.0


class Later:
    """Keeps what is to be called later; the test calls it."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], None]] = []

    def __call__(self, _delay_s: float, call: Callable[[], None]) -> None:
        self.calls.append(call)


class Hanging:
    """Keeps threads busy until it may end."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads
        self._begun = threading.Semaphore(0)
        self.may_end = threading.Event()

    def hang(self) -> Future[bool]:
        """Have it done in another thread; return once it has begun."""
        future = self._threads.submit(self._hang)
        assert self._begun.acquire(timeout=PATIENCE_S)
        return future

    def _hang(self) -> bool:
        self._begun.release()
        return self.may_end.wait(PATIENCE_S)


@pytest.fixture
def later() -> Later:
    return Later()


@pytest.fixture
def threads(later: Later) -> Iterator[Threads]:
    with Threads(later) as made:
        yield made


@pytest.fixture
def hanging(threads: Threads) -> Iterator[Hanging]:
    made = Hanging(threads)
    yield made
    made.may_end.set()


def refuse(_thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


def none_for(threads: Threads, monkeypatch: pytest.MonkeyPatch, value: str) -> Future[str]:
    """Have ``value`` returned by a thread, while the system gives none."""
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        return threads.submit(lambda: value)


def test_work_waits_for_a_thread_where_no_more_are_to_be_had(
    threads: Threads, hanging: Hanging, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = hanging.hang()
    second = none_for(threads, monkeypatch, "waited")

    hanging.may_end.set()

    assert first.result(PATIENCE_S)
    assert second.result(PATIENCE_S) == "waited"


def test_work_that_found_no_thread_at_all_is_done_with_the_next(
    threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = none_for(threads, monkeypatch, "first")

    second = threads.submit(lambda: "second")

    assert (first.result(PATIENCE_S), second.result(PATIENCE_S)) == ("first", "second")


def test_thread_that_was_refused_is_asked_for_again_until_there_is_one(
    threads: Threads, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = [none_for(threads, monkeypatch, "done") for _ in range(3)]
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        later.calls.pop()()
    assert len(later.calls) == 1

    later.calls.pop()()

    assert [each.result(PATIENCE_S) for each in waiting] == ["done"] * 3
    assert later.calls == []


def test_what_was_refused_once_leaves_no_work_behind_one_that_hangs(
    threads: Threads, hanging: Hanging, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging.hang()
    waiting = [none_for(threads, monkeypatch, "waited") for _ in range(3)]
    hanging.may_end.set()
    assert [each.result(PATIENCE_S) for each in waiting] == ["waited"] * 3
    hanging.may_end.clear()

    for _ in range(THREADS_MAX - 1):
        hanging.hang()

    assert threads.submit(lambda: "not behind").result(PATIENCE_S) == "not behind"


def test_there_are_no_more_threads_than_are_said(
    threads: Threads, hanging: Hanging, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(THREADS_MAX):
        hanging.hang()

    waiting = none_for(threads, monkeypatch, "later")

    assert later.calls == []  # no thread was asked for
    hanging.may_end.set()
    assert waiting.result(PATIENCE_S) == "later"


def test_refused_threads_are_counted_and_said_once(
    threads: Threads, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    before = shown()

    for _ in range(3):
        none_for(threads, monkeypatch, "")

    assert shown() == before + 3.0
    assert [record.getMessage() for record in caplog.records] == ["threads_refused"]
    assert threads.submit(lambda: "fine").result(PATIENCE_S) == "fine"


def test_what_work_raises_is_raised_where_it_is_waited_for(threads: Threads) -> None:
    with pytest.raises(ZeroDivisionError):
        threads.submit(lambda: 1 / 0).result(PATIENCE_S)

    assert threads.submit(lambda: "fine").result(PATIENCE_S) == "fine"


def test_end_waits_for_all_that_was_asked_for(later: Later) -> None:
    with Threads(later) as threads:
        futures = [threads.submit(lambda: "done") for _ in range(2 * THREADS_MAX)]

    assert all(each.done() for each in futures)
    with pytest.raises(RuntimeError, match="ended"):
        threads.submit(lambda: "too late")


def test_task_that_finds_no_thread_goes_on_when_there_is_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(beside, "AGAIN_S", 0.0)

    async def ask() -> str:
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", refuse)
            asked = asyncio.create_task(asyncio.to_thread(lambda: "answered"))
            await asyncio.sleep(0)
        return await asyncio.wait_for(asked, PATIENCE_S)

    with asyncio.Runner(loop_factory=Loop) as runner:
        assert runner.run(ask()) == "answered"


def shown() -> float:
    """Return how many refused threads the aggregator's metrics show."""
    values = {metric.name: metric.samples[0].value for metric in SystemMetrics().collect()}
    return values["venuewatch_aggregator_threads_refused"]
