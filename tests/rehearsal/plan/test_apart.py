"""Hits on one subject are so far apart that the core judges each by itself."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.verdicts.flapping import REUSE, SUPPRESS, Damping
from tests.rehearsal.runfile.scenarios import expectation, order, scenario
from venuewatch.rehearsal.plan.apart import QUIET_S, Rests, falls_of, rest_s
from venuewatch.rehearsal.scenario import Allowed, Scenario

HOST, SAME_VENUE, VENUE = "host:STA/STA-1", "host:STA/STA-2", "venue:STA"
LASTS_S = 20.0


def hit(*targets: str, cause: str = "host_down") -> Scenario:
    """Return one that hits these, each of which has to be told."""
    told = tuple(expectation(target, cause) for target in targets)
    return scenario(orders=(order("hit", *targets, at_s=0.0, lasts_s=LASTS_S),), expected=told)


def first_time(rests: Rests, one: Scenario, since: float) -> float:
    """Return when (s) one may begin first, to the second."""
    return next(float(at) for at in range(int(since), 36_000) if rests.allow(one, at))


def begun(scenarios: Iterable[Scenario]) -> list[float]:
    """Return when (s) each begins that comes as soon as it may."""
    rests, found = Rests(), [0.0]
    for one in scenarios:
        found.append(first_time(rests, one, found[-1]))
        rests.note(one, found[-1])
    return found[1:]


def test_two_hits_in_a_row_have_only_to_be_told_apart_and_a_third_waits() -> None:
    first, second, third, fourth = begun([hit(HOST)] * 4)

    assert second - first == LASTS_S + QUIET_S
    assert LASTS_S + QUIET_S < third - second < LASTS_S + rest_s(1)
    assert fourth - third <= LASTS_S + rest_s(1) + 1


def test_hits_that_never_end_rest_as_long_as_the_penalty_of_one_fades() -> None:
    *_, before, last = begun([hit(HOST)] * 20)

    assert LASTS_S + 0.9 * rest_s(1) < last - before <= LASTS_S + rest_s(1)


@pytest.mark.parametrize(
    ("one", "other", "waits"),
    [
        (HOST, HOST, True),
        (HOST, SAME_VENUE, False),
        (HOST, VENUE, True),
        (VENUE, HOST, True),
        (VENUE, VENUE, True),
        ("feed:STA/STA-1/results", "feed:STA/STA-1/results", False),
        ("feed:STA/STA-1/results", HOST, False),
        ("centre:", "centre:", False),
    ],
)
def test_what_hung_up_lately_is_left_alone(one: str, other: str, *, waits: bool) -> None:
    rests = Rests()
    rests.note(hit(one), 0.0)

    assert rests.allow(hit(other), LASTS_S + 1.0) is not waits
    assert rests.allow(hit(other), LASTS_S + QUIET_S)


def test_hits_on_the_hosts_of_a_venue_count_where_the_venue_is_hit() -> None:
    rests = Rests()
    rests.note(hit(HOST), 0.0)
    rests.note(hit(HOST), LASTS_S + QUIET_S)
    again_at = 2 * (LASTS_S + QUIET_S)

    assert not rests.allow(hit(VENUE), again_at)
    assert rests.allow(hit(SAME_VENUE), again_at)


def test_nothing_is_hit_before_an_incident_that_flaps_can_be_closed() -> None:
    damping = Damping()
    for at in (0.0, 5.0, 10.0, 15.0, LASTS_S):
        damping.fall(at)

    _, second = begun([hit(HOST, cause="flapping"), hit(HOST)])

    assert damping.penalty(second) < REUSE


def test_what_is_only_allowed_counts_and_what_is_any_does_not() -> None:
    allowed = tuple(
        Allowed(subject=text, causes=("redundancy_lost",))
        for text in ("feed:STA/STA-9/servers", "check:STA/*/x", "centre:")
    )
    one = scenario(orders=(), expected=(), allowed=allowed)

    assert falls_of(one) == {"feed:STA/STA-9/servers": 1}


def test_one_that_comes_later_and_is_known_is_not_spoilt() -> None:
    rests = Rests()
    for at in (0.0, 2_000.0, 2_000.0 + LASTS_S + QUIET_S):
        rests.note(hit(HOST), at)

    assert not rests.allow(hit(HOST), 1_900.0)
    assert rests.allow(hit(HOST), 1_000.0)


def test_rest_that_is_left_is_the_time_until_it_may_begin() -> None:
    rests, one = Rests(), hit(HOST)
    for at in (0.0, LASTS_S + QUIET_S):
        rests.note(one, at)
    now = 2 * LASTS_S + QUIET_S

    assert rests.left_s(one, now) == pytest.approx(first_time(rests, one, now) - now, abs=2.0)
    assert rests.left_s(one, 36_000.0) == 0.0


@given(
    st.lists(
        st.tuples(
            st.sampled_from([(HOST,), (SAME_VENUE,), (HOST, SAME_VENUE), (VENUE,)]),
            st.integers(0, 3_000),
        ),
        max_size=25,
    ),
    st.floats(0.0, 1.0),
)
def test_core_never_calls_flapping_what_may_begin(
    asked: list[tuple[tuple[str, ...], int]], share: float
) -> None:
    rests, falls = Rests(), dict[str, list[float]]()
    for targets, at in asked:
        if not rests.allow(hit(*targets), at):
            continue
        rests.note(hit(*targets), at)
        of_all = (HOST, SAME_VENUE, VENUE) if VENUE in targets else targets
        for target in of_all:
            falls.setdefault(target, []).append(at + share * LASTS_S)

    for moments in falls.values():
        damping = Damping()
        assert max(map(damping.fall, sorted(moments))) < SUPPRESS
