"""Readings that are kept go with their age, whatever the wall clock did meanwhile."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.spool.ages import Ages
from venuewatch.base.wire.messages import Checks, Vitals, encode

VITALS = encode(Vitals("b", 1, 2, 0, catalogue="5cf0b7c24a6b1d0e", values=[1.0]))
CHECKS = encode(Checks("b", 1, 2, 0, []))


class Machine:
    def __init__(self, run: str = "run-1") -> None:
        self.now = 100.0
        self.ages = Ages(run, lambda: self.now)


def read(payload: bytes) -> dict[str, object]:
    found = msgspec.json.decode(payload, type=dict[str, object])
    return {name: said for name, said in found.items() if name in {"age_ms", "restarted", "kept"}}


@pytest.mark.parametrize("payload", [VITALS, CHECKS])
def test_reading_goes_with_its_age_alone(payload: bytes) -> None:
    machine = Machine()
    kept = machine.ages.stamped(payload, machine.now)
    machine.now += 12.5

    assert read(machine.ages.aged(kept)) == {"age_ms": 12_500}


@given(st.floats(0.0, 1e9), st.floats(0.0, 1e8))
def test_age_is_the_time_on_the_machine_s_own_clock(taken_at: float, waited_s: float) -> None:
    machine = Machine()
    kept = machine.ages.stamped(CHECKS, taken_at)
    machine.now = taken_at + waited_s

    (age_ms,) = read(machine.ages.aged(kept)).values()

    assert isinstance(age_ms, int)
    assert abs(age_ms - waited_s * 1000) <= 1.0


def test_agent_that_was_started_again_knows_the_age() -> None:
    kept = Machine().ages.stamped(CHECKS, 100.0)
    again = Machine()
    again.now = 130.0

    assert read(again.ages.aged(kept)) == {"age_ms": 30_000}


def test_machine_that_was_started_again_does_not() -> None:
    kept = Machine().ages.stamped(CHECKS, 100.0)
    again = Machine("run-2")
    again.now = 130.0

    assert read(again.ages.aged(kept)) == {"restarted": True}


def test_machine_that_was_put_back_does_not_either() -> None:
    machine = Machine()
    kept = machine.ages.stamped(CHECKS, 100.0)
    machine.ages.begin_boot("b2")
    later = machine.ages.stamped(CHECKS, 100.0)

    assert read(machine.ages.aged(kept)) == {"restarted": True}
    assert read(machine.ages.aged(later)) == {"age_ms": 0}


def test_clock_of_before_the_reading_says_nothing() -> None:
    machine = Machine()
    kept = machine.ages.stamped(CHECKS, 200.0)

    assert read(machine.ages.aged(kept)) == {"restarted": True}


@pytest.mark.parametrize("payload", [VITALS, b"{}", b'{"kept":[1,"x"]}', b""])
def test_reading_of_an_older_agent_goes_as_it_is(payload: bytes) -> None:
    assert Machine().ages.aged(payload) == payload


def test_reading_without_a_time_is_kept_as_it_is() -> None:
    assert Machine().ages.stamped(VITALS, None) == VITALS
