"""Threads of a process: whoever is refused one, it is counted."""

import socket
import threading
from collections.abc import Callable

import pytest

from agent.checks.host.aside import Aside
from agent.checks.patterns.matcher import Matcher, UnmatchedError
from agent.checks.reading.times import Deadline
from agent.runner import Pool
from venuewatch.base import threads
from venuewatch.base.line_writer import LineWriter
from venuewatch.base.lookups import Lookups

PATIENCE_S = 10.0


def refuse(_thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


def match() -> None:
    matcher = Matcher()
    try:
        with pytest.raises(UnmatchedError, match="can't start new thread"):
            matcher.is_in("a", b"a", Deadline(PATIENCE_S))
    finally:
        matcher.close()


def look_up() -> None:
    with pytest.raises(socket.gaierror, match="no thread"):
        Lookups(len).ask("broker")


def look_aside() -> None:
    with pytest.raises(RuntimeError):
        Aside[int]("folder").do(lambda: 1, Deadline(PATIENCE_S))


def read() -> None:
    Pool(lambda: None).run(lambda: None)


def say() -> None:
    LineWriter(str).put("a line")


@pytest.mark.parametrize("user", [match, look_up, look_aside, read, say])
def test_thread_that_is_refused_is_counted_whoever_wants_it(
    monkeypatch: pytest.MonkeyPatch, user: Callable[[], None]
) -> None:
    before = threads.refused()
    monkeypatch.setattr(threading.Thread, "start", refuse)

    user()

    assert threads.refused() == before + 1


def test_thread_that_there_is_runs_and_is_not_counted() -> None:
    before, has_run = threads.refused(), threading.Event()

    threads.begin(threading.Thread(target=has_run.set))

    assert has_run.wait(PATIENCE_S)
    assert threads.refused() == before
