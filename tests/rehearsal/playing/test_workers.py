"""Workers do what takes time, and whoever takes what comes has it in its own thread."""

import threading

import pytest

from venuewatch.rehearsal.playing.workers import THREADS, Done, Workers

WITHIN_S = 30.0


def test_what_comes_is_taken_by_the_thread_that_asks() -> None:
    came: list[tuple[int, int]] = []

    with Workers() as workers:
        workers.do(
            "strike",
            threading.get_ident,
            lambda done: came.append((done.value, threading.get_ident())),
        )
        workers.take(WITHIN_S)

    ((worker, taker),) = came
    assert worker != threading.get_ident()
    assert taker == threading.get_ident()


def test_lane_that_is_busy_delays_no_other() -> None:
    is_over = threading.Event()
    came: list[Done[bool]] = []

    with Workers() as workers:
        for _ in range(2 * THREADS["look"]):
            workers.do("look", lambda: is_over.wait(WITHIN_S), came.append)
        workers.do("strike", lambda: False, came.append)
        workers.take(WITHIN_S)

        assert [done.value for done in came] == [False]
        is_over.set()


def test_work_that_fails_is_raised_where_it_is_taken() -> None:
    def fail() -> None:
        raise OSError("no such place")

    with Workers() as workers:
        workers.do("mend", fail, lambda _done: None)

        with pytest.raises(OSError, match="no such place"):
            workers.take(WITHIN_S)


def test_nothing_that_comes_is_not_waited_for() -> None:
    with Workers() as workers:
        workers.take(0.0)
