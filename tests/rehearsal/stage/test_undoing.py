"""A guardian undoes what is due, by a clock of ours."""

import pytest

from venuewatch.rehearsal.stage.undoing import (
    ABORTED,
    BEGINNING_S,
    OVER,
    STOOD_STILL,
    Held,
    Line,
    Order,
    Run,
)

UNDO = Run(("true",))
START = Run(("true",), is_start=True)
LEASE_S = 1.0


@pytest.fixture
def held() -> Held:
    return Held(LEASE_S, 0.0)


def due(held: Held, now: float) -> list[int]:
    return [number for number, _ in held.take_due(now)[0]]


def test_faults_of_a_controller_that_says_nothing_are_due_after_its_lease(held: Held) -> None:
    held.receive(Order(1, UNDO), 10.0)
    held.receive(Order(2, Line("an uplink")), 10.5)

    assert held.deadline() == 10.5 + LEASE_S
    assert due(held, 11.4) == []
    assert held.take_due(11.5) == ([(2, Line("an uplink")), (1, UNDO)], STOOD_STILL)
    assert held.deadline() is None


def test_a_renewal_puts_the_end_of_the_lease_off(held: Held) -> None:
    held.receive(Order(1, UNDO), 10.0)
    held.receive(Order(0), 10.9)

    assert due(held, 11.5) == []
    assert due(held, 11.9) == [1]


def test_parts_of_the_stage_stand_while_the_controller_stands_still(held: Held) -> None:
    held.receive(Order(1, UNDO, is_part=True), 0.0)

    assert held.deadline() is None
    assert due(held, 100.0) == []
    assert held.take_all() == [(1, UNDO)]


def test_no_program_is_started_again_on_a_stage_that_ends_with_its_controller(held: Held) -> None:
    held.receive(Order(1, UNDO, is_part=True), 0.0)
    held.receive(Order(2, START), 0.0)
    held.receive(Order(3, UNDO), 0.0)

    assert held.take_all() == [(3, UNDO), (1, UNDO)]


def test_a_program_is_started_again_on_a_stage_that_goes_on(held: Held) -> None:
    held.receive(Order(1, START), 0.0)

    assert held.take_all() == [(1, START)]


def test_a_fault_is_due_after_its_fixed_length_though_the_controller_runs(held: Held) -> None:
    held.receive(Order(1, UNDO, lasts_s=4.0), 10.0)
    for tick in range(20):
        held.receive(Order(0), 10.0 + tick / 5)

    assert due(held, 13.9) == []
    assert held.take_due(14.0) == ([(1, UNDO)], OVER)


def test_a_fault_that_is_over_is_never_due(held: Held) -> None:
    held.receive(Order(1, UNDO, lasts_s=4.0), 10.0)
    held.receive(Order(1), 11.0)

    assert due(held, 100.0) == []
    assert held.take_all() == []


def test_an_abort_makes_every_fault_due_and_no_part(held: Held) -> None:
    held.receive(Order(1, UNDO, is_part=True), 10.0)
    held.receive(Order(2, UNDO), 10.0)
    held.abort()

    assert held.take_due(10.1) == ([(2, UNDO)], ABORTED)


def test_a_fault_that_is_ordered_after_an_abort_is_due_when_it_has_begun(held: Held) -> None:
    held.abort()
    held.receive(Order(1, UNDO), 10.0)

    assert due(held, 10.0) == []
    assert due(held, 10.0 + BEGINNING_S) == [1]


def test_without_a_lease_a_silent_controller_keeps_its_faults() -> None:
    held = Held(None, 0.0)
    held.receive(Order(1, UNDO), 0.0)

    assert held.deadline() is None
    assert due(held, 1e9) == []
