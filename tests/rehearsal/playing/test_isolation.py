"""Scenarios that are played at once never look like one thing."""

import math
from itertools import combinations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.verdicts import hang_ups
from aggregator.core.verdicts.causes import Cause
from venuewatch.rehearsal.playing.centre_rests import CENTRE_APART_S
from venuewatch.rehearsal.playing.isolation import NEAR_S, Isolation
from venuewatch.rehearsal.scenario import Expectation, Order, Scenario

HOSTS = 7
KEEPALIVE_S = 5.0
VENUES = ("A", "B", "C", "D", "E", "F")

FAULTS = ("agent_killed", "clock_stepped", "connections_reset", "uplink_cut", "uplink_cut_downward")

orders = st.tuples(
    st.sampled_from(VENUES),
    st.integers(0, 3),
    st.floats(0.0, 30.0),
    st.floats(1.0, 60.0),
    st.sampled_from(FAULTS),
)


def isolation() -> Isolation:
    return Isolation(lambda _code: KEEPALIVE_S, lambda _code: HOSTS)


def scenario(  # noqa: PLR0913 - each is one setting
    number: int,
    venue: str,
    hosts: int = 1,
    *,
    at_s: float = 0.0,
    lasts_s: float = 20.0,
    fault: str = "uplink_cut",
    runs_alone: bool = False,
) -> Scenario:
    """Return one that hits so many hosts of a venue, or all of it where it is none."""
    targets = tuple(f"host:{venue}/{venue}-{at}" for at in range(hosts)) or (f"venue:{venue}",)
    order = Order(step="hit", at_s=at_s, fault=fault, targets=targets, lasts_s=lasts_s)
    return Scenario(
        number=number,
        kind="any",
        kind_id="",
        title="",
        policy="",
        venues=(venue,),
        seed=number,
        modes=("simulated",),
        orders=(order,),
        runs_alone=runs_alone,
    )


def test_a_venue_plays_one_scenario_at_a_time() -> None:
    rules, first = isolation(), scenario(1, "A")
    rules.begin(first, 0.0)

    assert not rules.may_begin(scenario(2, "A"), 3_600.0)

    rules.end(first, 0.0)

    assert rules.may_begin(scenario(2, "A"), 3_600.0)


@pytest.mark.parametrize("is_first", [True, False], ids=["first", "second"])
def test_what_hits_the_centre_runs_alone(is_first: bool) -> None:  # noqa: FBT001 - a parameter
    rules = isolation()
    rules.begin(scenario(1, "A", runs_alone=is_first), 0.0)

    assert not rules.may_begin(scenario(2, "B", runs_alone=not is_first), 3_600.0)


@pytest.mark.parametrize(
    ("said_before", "said", "rest_s"),
    [
        ("centre:", "centre:", CENTRE_APART_S),
        ("centre:", "centre://venues", 0.0),
        ("centre://venues", "centre://venues", CENTRE_APART_S),
        ("host:A/A-0", "centre:", 0.0),
    ],
)
def test_part_of_the_centre_rests_until_what_is_said_of_it_is_a_new_matter(
    said_before: str, said: str, rest_s: float
) -> None:
    rules, first = isolation(), of_centre(1, said_before)
    rules.begin(first, 0.0)
    rules.end(first, 30.0)
    second = of_centre(2, said)

    assert rules.rest_left_s(second, 30.0) == rest_s
    assert rules.may_begin(second, 30.0 + rest_s)
    assert rest_s == 0.0 or rules.obstacle(second, 29.9 + rest_s) == "for a rest"


@pytest.mark.parametrize(
    ("was_told", "is_told", "rest_s"),
    [(False, True, CENTRE_APART_S), (True, False, CENTRE_APART_S), (False, False, 0.0)],
)
def test_hit_that_is_not_told_makes_one_case_with_one_that_is(
    was_told: bool,  # noqa: FBT001 - a parameter
    is_told: bool,  # noqa: FBT001 - a parameter
    rest_s: float,
) -> None:
    rules, first = isolation(), of_centre(1, "centre:", is_told=was_told)
    rules.begin(first, 0.0)
    rules.end(first, 30.0)

    assert rules.rest_left_s(of_centre(2, "centre:", is_told=is_told), 30.0) == rest_s


def of_centre(number: int, said: str, *, is_told: bool = True) -> Scenario:
    """Return one that runs alone, of which the monitor is to say something or nothing."""
    order = Order(step="hit", at_s=0.0, fault="broker_killed", targets=("centre:",), lasts_s=20.0)
    expected = Expectation(
        subject=said, causes=(Cause.BROKER_DOWN,), after="hit", detect_within_s=8.0, over_within_s=9
    )
    alone = scenario(number, "A", runs_alone=True)
    told = (expected,) if is_told else ()
    return msgspec.structs.replace(alone, orders=(order,), expected=told)


def test_a_host_is_not_hit_again_before_it_would_rightly_be_called_flapping() -> None:
    rules, first = isolation(), scenario(1, "A", lasts_s=10.0)
    rules.begin(first, 0.0)
    rules.end(first, 0.0)

    assert not rules.may_begin(scenario(2, "A"), 60.0)
    assert rules.may_begin(scenario(2, "A"), 600.0)


def test_two_hosts_of_different_venues_may_be_hit_at_once_and_a_third_may_not() -> None:
    rules = isolation()
    killed = [scenario(number, venue, fault="agent_killed") for number, venue in enumerate("ABC")]
    rules.begin(killed[0], 0.0)

    assert rules.may_begin(killed[1], 0.0)

    rules.begin(killed[1], 0.0)

    assert not rules.may_begin(killed[2], 0.5)


def test_nothing_is_hit_when_the_broker_gives_up_the_hosts_of_a_venue_that_is_cut_off() -> None:
    rules = isolation()
    rules.begin(scenario(1, "A", hosts=0, lasts_s=60.0), 0.0)

    killed = scenario(2, "B", fault="agent_killed")
    assert not rules.may_begin(killed, 1.5 * KEEPALIVE_S + 2.0)
    assert rules.may_begin(killed, 30.0)


def test_what_is_hit_waits_only_for_the_look_of_the_broker_where_that_is_known() -> None:
    rules = Isolation(
        lambda _code: KEEPALIVE_S, lambda _code: HOSTS, lambda at: 5 * math.ceil(at / 5)
    )
    rules.begin(scenario(1, "A", hosts=0, lasts_s=60.0), 0.5)

    killed = scenario(2, "B", fault="agent_killed")
    begun = [at for at in range(20) if rules.may_begin(killed, float(at))]

    assert begun == [at for at in range(20) if at not in {9, 10, 11}]


@given(st.lists(orders, max_size=12))
def test_connections_that_different_scenarios_end_at_one_moment_are_too_few_for_a_case(
    asked: list[tuple[str, int, float, float, str]],
) -> None:
    rules, begun, now = isolation(), [], 0.0
    for number, (venue, hosts, at_s, lasts_s, fault) in enumerate(asked):
        one = scenario(number, venue, hosts, at_s=at_s, lasts_s=lasts_s, fault=fault)
        if rules.may_begin(one, now):
            rules.begin(one, now)
            begun.append(tuple(rules.spans(one, now)))
        now += 1.0

    for some in combinations(begun, 2):
        for span in some[0]:
            near = [one.connections for one in some[1] if span.is_near(one, NEAR_S)]
            others = max(near, default=0)
            is_both = span.connections and others
            assert not is_both or span.connections + others < hang_ups.LEAST
