"""Belonging: each incident of a run is of exactly one scenario, or of none."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rehearsal.runfile.scenarios import expectation, order, scenario
from tests.rehearsal.score.cases import incident, whole
from venuewatch.rehearsal.score.belonging import Window, owners
from venuewatch.rehearsal.score.evidence import Told

VENUES = ("STA", "AQU", "ICE")
AFTER_S = 60.0


def window(
    number: int, venue: str = "STA", began: float = 100.0, ended: float | None = 130.0, **more: Any
) -> Window:
    """Return an attempt of a scenario that hits the first host of a venue."""
    host = f"host:{venue}/{venue}-1"
    one = scenario(
        number, venues=(venue,), orders=(order("off", host),), expected=(expectation(host),)
    )
    return Window(whole(one), more.get("attempt", 1), more.get("world", "w"), began, ended)


def owner(told: Told, *windows: Window) -> tuple[int, int] | None:
    return owners([told], windows, AFTER_S)[told.key]


@pytest.mark.parametrize(
    ("subject", "at", "number"),
    [
        ("host:STA/STA-1", 110.0, 1),
        ("host:AQU/AQU-1", 110.0, 2),
        ("host:STA/STA-5", 110.0, 1),
        ("host:AQU/AQU-5", 110.0, 2),
        ("host:ICE/ICE-1", 110.0, 2),
        ("centre:", 110.0, 2),
        ("host:STA/STA-1", 99.0, None),
        ("host:STA/STA-1", 150.0, 1),
        ("venue:STA", 150.0, 1),
        ("host:STA/STA-5", 170.0, None),
        ("host:ICE/ICE-1", 170.0, None),
        ("host:STA/STA-1", 190.1, None),
    ],
)
def test_an_incident_belongs_by_subject_venue_and_time(
    subject: str, at: float, number: int | None
) -> None:
    windows = (window(1), window(2, "AQU", 105.0, 140.0))

    found = owner(incident(subject=subject, seen_at=at), *windows)

    assert (found and found[0]) == number


def test_a_relapse_while_the_next_is_played_is_of_the_one_before() -> None:
    second = scenario(2, orders=(order("off", "host:STA/STA-2"),), expected=())
    windows = (window(1), Window(whole(second), 1, "w", 135.0, 160.0))

    assert owner(incident(seen_at=140.0), *windows) == (1, 1)
    assert owner(incident(subject="host:STA/STA-2", seen_at=140.0), *windows) == (2, 1)
    assert owner(incident(subject="host:STA/STA-3", seen_at=140.0), *windows) == (2, 1)


def test_an_incident_of_another_world_is_of_none() -> None:
    assert owner(incident(seen_at=110.0, world="w2"), window(1)) is None


def test_an_attempt_that_is_still_played_has_no_end() -> None:
    assert owner(incident(seen_at=9_999.0), window(1, ended=None)) == (1, 1)


def test_each_attempt_has_its_own_incidents() -> None:
    windows = (window(1), window(1, began=200.0, ended=230.0, attempt=2))

    assert owner(incident(seen_at=210.0), *windows) == (1, 2)


_times = st.integers(0, 60).map(lambda at: at * 10.0)
_subjects = st.sampled_from(
    [f"host:{venue}/{venue}-{at}" for venue in VENUES for at in (1, 2)]
    + [f"venue:{venue}" for venue in VENUES]
    + ["centre:", "feed:STA/STA-1/timing", "check:AQU//dns"]
)
_windows = st.lists(
    st.builds(
        window,
        st.integers(1, 50),
        st.sampled_from(VENUES),
        _times,
        _times | st.none(),
        world=st.sampled_from(["w", "w2"]),
    ),
    max_size=12,
    unique_by=lambda each: each.scenario.number,
).map(
    lambda found: [
        each if each.ended_at is None else each._replace(ended_at=each.began_at + each.ended_at)
        for each in found
    ]
)


@given(
    _windows,
    st.lists(st.tuples(_subjects, _times, st.sampled_from(["w", "w2"])), max_size=30),
    st.randoms(use_true_random=False),
)
def test_scenarios_and_between_add_up_to_all_incidents(
    windows: list[Window], said: list[tuple[str, float, str]], chance: Any
) -> None:
    told = [
        incident(number, subject, seen_at=at, world=world)
        for number, (subject, at, world) in enumerate(said)
    ]

    found = owners(told, windows, AFTER_S)

    known = {(each.scenario.number, each.attempt): each for each in windows}
    assert set(found) == {one.key for one in told}
    for one in told:
        its = found[one.key]
        fits = [
            each
            for each in windows
            if each.world == one.key.world and each.began_at <= one.first_at <= each.until
        ]
        if its is None:
            assert not fits
        else:
            assert known[its].world == one.key.world
            assert known[its].began_at <= one.first_at <= known[its].until + AFTER_S
    chance.shuffle(windows)
    assert owners(reversed(told), windows, AFTER_S) == found
