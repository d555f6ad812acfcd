"""Scenarios come in the order of the plan, each as soon as constraints allow."""

from collections.abc import Mapping

import msgspec

from tests.rehearsal.runfile.scenarios import expectation, order, scenario
from venuewatch.rehearsal.playing.centre_rests import CENTRE_APART_S
from venuewatch.rehearsal.playing.isolation import Isolation
from venuewatch.rehearsal.playing.terms import usual_length_s
from venuewatch.rehearsal.playing.turns import IN_A_ROW, PASSED_AT_REST, PASSED_BY, Turns
from venuewatch.rehearsal.scenario import Scenario


def at(number: int, *venues: str, runs_alone: bool = False) -> Scenario:
    """Return one in which nothing is done."""
    return scenario(number, venues=venues, orders=(), expected=(), runs_alone=runs_alone)


def hitting(number: int, venue: str, *, runs_alone: bool = False) -> Scenario:
    """Return one that hits the first host of a venue."""
    hit = order("hit", f"host:{venue}/{venue}-1", at_s=0.0)
    orders = (msgspec.structs.replace(hit, fault="agent_killed"),)
    return scenario(number, venues=(venue,), orders=orders, expected=(), runs_alone=runs_alone)


def turns_of(
    *scenarios: Scenario,
    moments: Mapping[int, float] | None = None,
    most: int | None = None,
    ends_at: float | None = None,
    most_a_second: int | None = None,
) -> tuple[Turns, Isolation]:
    isolation = Isolation(lambda _code: 5.0, lambda _code: 7)
    bounds = {"most": most, "most_a_second": most_a_second}
    return Turns(scenarios, isolation, moments=moments, ends_at=ends_at, **bounds), isolation


def numbers(turns: Turns, now: float, *unwell: str) -> list[int]:
    """Return the numbers of those whose turn it is, where these venues are not well."""
    taken = turns.take(now, lambda one: set(unwell).isdisjoint(one.venues))
    return [each.number for each in taken]


def test_each_venue_plays_its_scenarios_in_the_order_of_the_plan() -> None:
    turns, isolation = turns_of(at(1, "A"), at(2, "A"), at(3, "B"))

    assert numbers(turns, 0.0) == [1, 3]
    isolation.end(at(1, "A"), 1.0)
    assert numbers(turns, 1.0) == [2]
    assert not turns.waiting


def test_scenario_over_several_venues_is_not_overtaken_at_any_of_them() -> None:
    turns, isolation = turns_of(at(1, "A"), at(2, "A", "B"), at(3, "B"))

    assert numbers(turns, 0.0) == [1]
    isolation.end(at(1, "A"), 1.0)
    assert numbers(turns, 1.0) == [2]


def test_venue_that_is_not_well_keeps_only_its_own_waiting() -> None:
    turns, _ = turns_of(at(1, "A"), at(2, "B"))

    assert numbers(turns, 0.0, "A") == [2]
    assert numbers(turns, 1.0) == [1]


def test_no_more_are_played_than_are_asked_for() -> None:
    turns, isolation = turns_of(at(1, "A"), at(2, "B"), at(3, "C"), most=2)

    assert numbers(turns, 0.0) == [1, 2]
    isolation.end(at(1, "A"), 1.0)
    assert numbers(turns, 1.0) == [3]


def test_no_more_begin_within_a_second_than_a_machine_can_look_after() -> None:
    turns, isolation = turns_of(
        *(at(number, f"V{number}") for number in range(1, 6)), most_a_second=2
    )

    assert numbers(turns, 0.0) == [1, 2]
    assert numbers(turns, 0.9) == []
    isolation.end(at(1, "V1"), 1.0)
    assert numbers(turns, 1.0) == [3, 4]
    assert numbers(turns, 2.1) == [5]


def test_none_begins_before_its_moment() -> None:
    turns, _ = turns_of(at(1, "A"), at(2, "B"), moments={1: 10.0, 2: 5.0})

    assert numbers(turns, 4.9) == []
    assert numbers(turns, 5.0) == [2]
    assert numbers(turns, 10.0) == [1]


def beside(number: int) -> list[Scenario]:
    """Return so many that come after one that runs alone, each at a venue of its own."""
    return [at(3 + each, f"V{each}") for each in range(number)]


def test_one_that_runs_alone_is_waited_for_when_enough_have_passed_it() -> None:
    turns, isolation = turns_of(
        at(1, "A"), at(2, "B", runs_alone=True), *beside(PASSED_BY), at(99, "Z")
    )

    passing = numbers(turns, 0.0)
    assert passing == [1, *range(3, PASSED_BY + 3)]
    for number in passing[:-1]:
        isolation.end(at(number, ""), 1.0)
    assert numbers(turns, 1.0) == []
    isolation.end(at(passing[-1], ""), 2.0)
    assert numbers(turns, 2.0) == [2]


def test_one_that_runs_alone_is_passed_at_its_own_venue_too() -> None:
    turns, _ = turns_of(at(1, "A"), at(2, "B", runs_alone=True), at(3, "B"))

    assert numbers(turns, 0.0) == [1, 3]


def test_one_that_runs_alone_and_has_to_rest_keeps_no_other_waiting() -> None:
    first, second = (hitting(number, "B", runs_alone=True) for number in (1, 50))
    turns, isolation = turns_of(first, at(2, "A"), second, *beside(PASSED_BY), at(99, "Z"))
    assert numbers(turns, 0.0) == [1]
    isolation.begin(first, 0.0)
    isolation.end(first, 0.0)

    assert numbers(turns, 30.0) == [2, *range(3, PASSED_BY + 3), 99]


def play(turns: Turns, isolation: Isolation, now: float) -> list[int]:
    """Return the numbers of those whose turn it is; they begin, and are over at once."""
    taken = turns.take(now, lambda _: True)
    for each in taken:
        isolation.begin(each, now)
        isolation.end(each, now)
    return [each.number for each in taken]


def test_one_that_has_to_rest_is_passed_a_few_times_at_its_venue() -> None:
    others = [at(number, "A") for number in range(3, 10)]
    turns, isolation = turns_of(hitting(1, "A"), hitting(2, "A"), *others)

    played = [play(turns, isolation, 0.0) for _ in range(PASSED_AT_REST + 2)]

    assert played == [[1], [3], [4], [5], [6], []]
    assert turns.obstacles == {"for a rest": 1, "for their turn": 3}
    assert [each.number for each in turns.resting] == [2]
    assert play(turns, isolation, 3_600.0) == [2]


def test_those_that_run_alone_are_played_in_a_row() -> None:
    alone = [at(number, "B", runs_alone=True) for number in range(2, 40, 2)]
    others = [at(number, "A") for number in range(3, 40, 2)]
    some = sorted([*alone, *others], key=lambda each: each.number)
    turns, isolation = turns_of(*some)

    played = [number for _ in range(len(some)) for number in play(turns, isolation, 0.0)]

    assert len(alone) < IN_A_ROW
    assert played == [each.number for each in (*alone, *others)]


def test_row_of_those_that_run_alone_goes_on_after_a_rest_of_the_centre() -> None:
    of_centre = (expectation("centre:"),)
    first, second = (
        scenario(number, venues=("A",), orders=(), expected=of_centre, runs_alone=True)
        for number in (1, 2)
    )
    turns, isolation = turns_of(first, second, at(3, "C"))
    assert play(turns, isolation, 0.0) == [1]

    assert play(turns, isolation, CENTRE_APART_S - 0.1) == []
    assert turns.obstacles == {"for a rest": 1}
    assert play(turns, isolation, CENTRE_APART_S) == [2]
    assert play(turns, isolation, CENTRE_APART_S) == [3]


def test_row_of_those_that_run_alone_has_an_end() -> None:
    alone = [at(number, "B", runs_alone=True) for number in range(2, IN_A_ROW + 10)]
    turns, isolation = turns_of(alone[0], at(99, "A"), *alone[1:])

    played = [number for _ in range(IN_A_ROW + 2) for number in play(turns, isolation, 0.0)]

    assert played[IN_A_ROW] == 99


def test_what_would_not_be_over_in_time_waits_no_more() -> None:
    long_s = usual_length_s(at(1, "A"))
    turns, isolation = turns_of(at(1, "A"), at(2, "A"), ends_at=1.5 * long_s)

    assert play(turns, isolation, 0.0) == [1]
    assert play(turns, isolation, long_s) == []
    assert not turns.waiting


def test_obstacle_of_each_that_waits_is_told() -> None:
    turns, _ = turns_of(at(1, "A"), at(2, "A"), at(3, "B"), at(4, "C", runs_alone=True))

    assert numbers(turns, 0.0, "B") == [1]

    assert turns.obstacles == {
        "for their turn": 1,
        "until their venues are well": 1,
        "to be alone": 1,
    }
