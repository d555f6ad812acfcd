"""A run sheet is divided into worlds by what it says alone."""

from collections.abc import Sequence

import msgspec
import pytest

from tests.rehearsal.playing.test_isolation import scenario
from venuewatch.rehearsal.fleet import standard_fleet
from venuewatch.rehearsal.plan.apart import Rests
from venuewatch.rehearsal.playing.worlds import (
    BUSY_S,
    SMALL,
    VENUES_LEAST,
    WorldPlan,
    divided,
    takes_s,
    world_of,
)
from venuewatch.rehearsal.scenario import Scenario

FLEET = standard_fleet()
CODES = [venue.code for venue in FLEET.venue]


def hitting(number: int, code: str, target: str, *, lasts_s: float = 20.0) -> Scenario:
    """Return a scenario at a venue that hits this subject."""
    one = scenario(number, code, lasts_s=lasts_s)
    (order,) = one.orders
    return msgspec.structs.replace(one, orders=(msgspec.structs.replace(order, targets=(target,)),))


def any_of(number: int) -> Scenario:
    code = CODES[number % 39]
    if number % 11 == 0:
        return scenario(number, code, runs_alone=True)
    if number % 5 == 0:
        return hitting(number, code, f"venue:{code}")
    return hitting(number, code, f"host:{code}/{code}-{number % 7}", lasts_s=10.0 + number % 90)


MANY = [any_of(number) for number in range(1, 601)]


def of_a_venue(world: WorldPlan, code: str) -> list[Scenario]:
    return [each for each in world.scenarios if code in each.venues]


def small(scenarios: Sequence[Scenario]) -> list[WorldPlan]:
    return [world for world in divided(scenarios, FLEET, 1) if world.venues]


def test_every_scenario_is_in_one_world() -> None:
    worlds = list(divided(MANY, FLEET, 1))

    played = sorted(each.number for world in worlds for each in world.scenarios)
    assert played == [each.number for each in MANY]
    assert len({world.name for world in worlds}) == len(worlds)


def test_nothing_that_is_hit_in_a_world_has_to_rest() -> None:
    for world in divided(MANY, FLEET, 1):
        rests, at = Rests(), 0.0
        for each in world.scenarios:
            assert rests.allow(each, at), each.number
            rests.note(each, at)
            at += takes_s(each)


def test_venues_of_a_world_play_for_no_longer_than_a_limit() -> None:
    for world in divided(MANY, FLEET, 1):
        longest_s = max(takes_s(each) for each in world.scenarios)
        for code in {code for each in world.scenarios for code in each.venues}:
            assert sum(map(takes_s, of_a_venue(world, code))) <= max(BUSY_S, longest_s)


def test_half_of_all_are_played_on_the_whole_fleet_and_the_others_at_five_venues_or_more() -> None:
    worlds = list(divided(MANY, FLEET, 1))

    on_fleet = sum(len(world.scenarios) for world in worlds if not world.venues)
    assert on_fleet >= len(MANY) / 2
    assert all(VENUES_LEAST <= len(world.venues) <= SMALL for world in worlds if world.venues)
    for world in worlds:
        codes = {code for each in world.scenarios for code in each.venues}
        assert not world.venues or codes <= set(world.venues)


def test_what_takes_long_is_played_in_a_small_world() -> None:
    long = [scenario(number, CODES[number], lasts_s=2_000.0) for number in range(4)]

    assert len(small(long)) == len(list(divided(long, FLEET, 1)))


def test_what_hits_the_centre_has_a_small_world_of_its_own_with_its_venue() -> None:
    alone = scenario(7, CODES[3], runs_alone=True)

    (world,) = divided([alone], FLEET, 1)

    assert world.scenarios == (alone,)
    assert CODES[3] in world.venues
    assert len(world.venues) == VENUES_LEAST


def test_a_world_is_the_same_each_time() -> None:
    assert list(divided(MANY, FLEET, 1)) == list(divided(MANY, FLEET, 1))
    assert world_of(MANY[0], FLEET) == world_of(MANY[0], FLEET)


@pytest.mark.parametrize(
    ("targets", "worlds"),
    [
        (("host:{0}/a", "host:{0}/b"), 1),
        (("host:{0}/a", "feed:{0}/a/results"), 2),
        (("venue:{0}", "host:{0}/a"), 2),
        (("host:{0}/a", "host:{0}/b", "host:{0}/c"), 2),
    ],
    ids=["two hosts", "one host twice", "a host and its venue", "no time for three"],
)
def test_venue_plays_what_hits_different_hosts_in_one_world(
    targets: tuple[str, ...], worlds: int
) -> None:
    code, lasts_s = CODES[0], BUSY_S / 2 - 10.0
    long = [
        hitting(number, code, target.format(code), lasts_s=lasts_s)
        for number, target in enumerate(targets)
    ]

    assert len(list(divided(long, FLEET, 1))) == worlds


def test_worlds_of_the_whole_fleet_are_full_but_the_last() -> None:
    fleets = [len(world.scenarios) for world in divided(MANY, FLEET, 1) if not world.venues]

    assert min(fleets[:-1]) > len(CODES)


def test_longest_scenario_of_a_venue_is_first() -> None:
    for world in divided(MANY, FLEET, 1):
        for code in CODES:
            took = [takes_s(each) for each in of_a_venue(world, code)]
            assert took == sorted(took, reverse=True)


def test_venue_that_has_most_to_play_begins_first() -> None:
    for world in divided(MANY, FLEET, 1):
        left_s = [
            sum(takes_s(each) for each in world.scenarios[at:] if each.venue == one.venue)
            for at, one in enumerate(world.scenarios)
        ]
        assert left_s == pytest.approx(sorted(left_s, reverse=True))
