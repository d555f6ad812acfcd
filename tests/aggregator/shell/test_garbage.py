"""Garbage: cycles that HTTP or a bug leaves are freed soon, and nothing is looked at in between."""

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest

from aggregator.shell import garbage
from aggregator.shell.garbage import MUCH, WHOLE_EVERY, Garbage


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


def test_a_storm_is_frozen_before_a_look_at_it_gets_long(
    collector: Garbage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(garbage, "MUCH", 1_000)
    monkeypatch.setattr(garbage, "LARGE", 3_000)
    before = gc.get_freeze_count()
    storm: list[list[list[int]]] = []

    for _ in range(10):
        storm.append([[number] for number in range(1_000)])
        collector.look_if_much()

    assert gc.get_freeze_count() > before + 6_000
    assert len(gc.get_objects()) < 6_000


def test_a_fleet_that_has_come_up_is_frozen_at_once(
    collector: Garbage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(garbage, "LARGE", 1_000)
    fleet = [[number] for number in range(2_000)]
    before = gc.get_freeze_count()

    collector.look()

    assert gc.get_freeze_count() >= before + len(fleet)


def test_objects_are_not_counted_any_more_once_none_may_be_frozen(
    collector: Garbage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To count is to go through all of them, and a fleet's would never become fewer again."""
    monkeypatch.setattr(garbage, "LARGE", 100)
    monkeypatch.setattr(garbage, "FREEZES_MAX", 1)
    first = [[number] for number in range(200)]
    collector.look()
    frozen = gc.get_freeze_count()
    counted: list[None] = []

    def get_objects() -> list[object]:
        counted.append(None)
        return []

    monkeypatch.setattr(gc, "get_objects", get_objects)

    later = [[number] for number in range(200)]
    for _ in range(garbage.WHOLE_EVERY):
        collector.look()

    assert counted == []
    assert gc.get_freeze_count() <= frozen
    assert len(first) == len(later)


async def test_python_collects_again_by_itself_afterwards() -> None:
    collecting = asyncio.create_task(garbage.collect())
    await asyncio.sleep(0)
    was_off = not gc.isenabled()

    collecting.cancel()
    await asyncio.gather(collecting, return_exceptions=True)

    assert was_off
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
