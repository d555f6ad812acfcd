"""A timetable does each deed at its time, and none after its end."""

import threading
from collections.abc import Iterator

import pytest

from venuewatch.rehearsal.live.timetable import Timetable
from venuewatch.rehearsal.stage.machine import StageError

LATER_S = 0.01
NEVER_S = 3_600.0
SOON_S = 10.0


@pytest.fixture
def timetable() -> Iterator[Timetable]:
    made = Timetable()
    yield made
    made.close()


def fail() -> None:
    raise StageError("it can't be done")


def test_what_is_due_at_once_is_done_before_it_returns(timetable: Timetable) -> None:
    done: list[int] = []

    timetable.play([(0.0, lambda: done.append(1)), (NEVER_S, lambda: done.append(2))])

    assert done == [1]


def test_later_deeds_are_done_in_their_order_by_one_thread(timetable: Timetable) -> None:
    done: list[tuple[int, int]] = []
    is_over = threading.Event()

    def do(number: int) -> None:
        done.append((number, threading.get_ident()))

    timetable.play([(3 * LATER_S, is_over.set), (2 * LATER_S, lambda: do(2))])
    timetable.play([(LATER_S, lambda: do(1))])

    assert is_over.wait(SOON_S)
    assert [number for number, _ in done] == [1, 2]
    threads = {thread for _, thread in done}
    assert len(threads) == 1
    assert threads != {threading.get_ident()}


def test_nothing_is_done_after_the_end_of_a_play(timetable: Timetable) -> None:
    done: list[int] = []
    may_go_on, is_over = threading.Event(), threading.Event()

    timetable.play([(LATER_S, lambda: may_go_on.wait(SOON_S))])
    end = timetable.play([(2 * LATER_S, lambda: done.append(1))])
    timetable.play([(3 * LATER_S, is_over.set)])
    end()
    may_go_on.set()

    assert is_over.wait(SOON_S)
    assert done == []


def test_end_waits_for_the_deed_that_is_under_way(timetable: Timetable) -> None:
    begun, may_end = threading.Event(), threading.Event()
    done: list[int] = []

    def take_long() -> None:
        begun.set()
        may_end.wait(SOON_S)
        done.append(1)

    end = timetable.play([(LATER_S, take_long)])
    assert begun.wait(SOON_S)
    ending = threading.Thread(target=end)
    ending.start()
    assert done == []
    may_end.set()
    ending.join(SOON_S)

    assert done == [1]


def test_end_says_once_what_has_failed_and_others_go_on(timetable: Timetable) -> None:
    done: list[int] = []
    is_over = threading.Event()

    end = timetable.play([(LATER_S, fail), (2 * LATER_S, lambda: done.append(1))])
    timetable.play([(3 * LATER_S, is_over.set)])
    assert is_over.wait(SOON_S)

    with pytest.raises(StageError, match="it can't be done"):
        end()
    end()
    assert done == []


def test_what_fails_at_once_is_said_at_once(timetable: Timetable) -> None:
    with pytest.raises(StageError, match="it can't be done"):
        timetable.play([(0.0, fail)])
