"""Garbage: cycles that HTTP or a bug leaves are freed soon, and nothing is looked at in between."""

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest

from aggregator.shell import garbage
from aggregator.shell.garbage import MUCH, WHOLE_EVERY, WORKED_S, Garbage
from venuewatch.base import clock


class Cycle:
    """An object that refers to itself."""

    def __init__(self) -> None:
        self.itself = self


def dropped() -> "weakref.ref[Cycle]":
    return weakref.ref(Cycle())


@pytest.fixture
def collector() -> Iterator[Garbage]:
    collector = Garbage()
    collector.begin()
    yield collector
    collector.end()


def test_new_garbage_is_freed_at_the_next_look_and_not_before(collector: Garbage) -> None:
    left = dropped()
    _ = [[number] for number in range(10_000)]  # makes Python look, if it is let
    is_there = left() is not None

    collector.look()

    assert is_there
    assert left() is None


def test_garbage_that_was_in_use_is_freed_within_ten_looks(collector: Garbage) -> None:
    in_use = Cycle()
    left = weakref.ref(in_use)
    collector.look()
    collector.look()

    del in_use
    for _ in range(WHOLE_EVERY):
        collector.look()

    assert left() is None


def test_much_that_is_new_is_looked_at_early(collector: Garbage) -> None:
    collector.look()
    left = dropped()

    collector.look_if_much()
    was_early = left() is None
    made = [[number] for number in range(MUCH)]
    collector.look_if_much()

    assert (was_early, left() is None) == (False, True)
    assert len(gc.get_objects(generation=0)) < len(made)


def test_what_much_work_may_have_made_is_looked_at_early(
    collector: Garbage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where as many old objects are freed, new ones are not counted."""
    collector.look()
    worked_s = clock.thread_cpu()
    left = dropped()

    monkeypatch.setattr(clock, "thread_cpu", lambda: worked_s + 0.9 * WORKED_S)
    collector.look_if_much()
    was_early = left() is None
    monkeypatch.setattr(clock, "thread_cpu", lambda: worked_s + 1.1 * WORKED_S)
    collector.look_if_much()

    assert (was_early, left() is None) == (False, True)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that gets how many objects each look goes through; a fleet is of 3,000."""
    monkeypatch.setattr(garbage, "MUCH", 1_000)
    monkeypatch.setattr(garbage, "LARGE", 3_000)
    monkeypatch.setattr(garbage, "_UNCOUNTED", 12_000)
    found: list[int] = []
    collect = gc.collect

    def counted(generation: int = 2) -> int:
        found.append(sum(len(gc.get_objects(each)) for each in range(generation + 1)))
        return collect(generation)

    monkeypatch.setattr(gc, "collect", counted)
    return found


def made(count: int) -> list[list[int]]:
    return [[number] for number in range(count)]


def look_at_all(collector: Garbage) -> None:
    for _ in range(WHOLE_EVERY):
        collector.look()


@pytest.mark.parametrize("storms", [5, 50])
def test_a_storm_is_frozen_and_never_looked_at_as_a_whole(
    storms: int, collector: Garbage, looks: list[int]
) -> None:
    before = gc.get_freeze_count()
    storm = []

    for _ in range(storms):
        storm.append(made(1_000))
        collector.look_if_much()
    look_at_all(collector)

    assert gc.get_freeze_count() >= before + storms * 1_000
    assert max(looks) < 3_000


def test_what_is_replaced_all_the_time_is_not_frozen(collector: Garbage, looks: list[int]) -> None:
    fleet = made(2_000)
    for _ in range(3):
        look_at_all(collector)
        before = gc.get_freeze_count()
        for at in range(len(fleet)):
            fleet[at] = [at]
    look_at_all(collector)

    assert gc.get_freeze_count() <= before
    assert max(looks) < 3_000


def test_once_none_may_be_frozen_all_of_them_wait_for_ten_minutes(
    collector: Garbage, looks: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(garbage, "FREEZES_MAX", 1)
    first = made(4_000)
    look_at_all(collector)
    frozen = gc.get_freeze_count()
    later = made(4_000)

    for _ in range(garbage.LOOKS_A_FREEZE - WHOLE_EVERY - 1):
        collector.look()
    waiting = gc.get_freeze_count()
    collector.look()

    assert waiting <= frozen
    assert gc.get_freeze_count() >= frozen + len(later)
    assert sum(size >= len(first) for size in looks) == len([first, later])  # when they were new


async def test_python_collects_again_by_itself_afterwards() -> None:
    collecting = asyncio.create_task(garbage.collect())
    await asyncio.sleep(0)
    was_off = not gc.isenabled()

    collecting.cancel()
    await asyncio.gather(collecting, return_exceptions=True)

    assert was_off
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
