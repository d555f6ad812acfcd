"""A run sheet is divided into worlds by what it says alone."""

from tests.rehearsal.playing.test_isolation import scenario
from venuewatch.rehearsal.fleet import standard_fleet
from venuewatch.rehearsal.plan.apart import length_s
from venuewatch.rehearsal.playing.worlds import VENUES_LEAST, divided, world_of

FLEET = standard_fleet()
CODES = [venue.code for venue in FLEET.venue]


MANY = [
    scenario(number, CODES[number % 39], runs_alone=number % 11 == 0) for number in range(1, 301)
]


def test_every_scenario_is_in_one_world() -> None:
    worlds = list(divided(MANY, FLEET, 1))

    played = sorted(each.number for world in worlds for each in world.scenarios)
    assert played == list(range(1, 301))
    assert len({world.name for world in worlds}) == len(worlds)


def test_a_venue_plays_one_scenario_in_a_world() -> None:
    for world in divided(MANY, FLEET, 1):
        codes = [code for each in world.scenarios for code in each.venues]
        assert len(codes) == len(set(codes))
        assert not world.venues or set(codes) <= set(world.venues)


def test_half_of_all_are_played_on_the_whole_fleet_and_the_others_at_five_venues_or_more() -> None:
    worlds = list(divided(MANY, FLEET, 1))

    on_fleet = sum(len(world.scenarios) for world in worlds if not world.venues)
    assert on_fleet >= len(MANY) / 2
    assert all(len(world.venues) >= VENUES_LEAST for world in worlds if world.venues)


def test_what_takes_long_is_played_in_a_small_world() -> None:
    long = [scenario(number, CODES[number], lasts_s=2_000.0) for number in range(4)]

    assert all(world.venues for world in divided(long, FLEET, 1))


def test_what_hits_the_centre_has_a_small_world_of_its_own_with_its_venue() -> None:
    alone = scenario(7, CODES[3], runs_alone=True)

    (world,) = divided([alone], FLEET, 1)

    assert world.scenarios == (alone,)
    assert CODES[3] in world.venues
    assert len(world.venues) == VENUES_LEAST


def test_a_world_is_the_same_each_time() -> None:
    scenarios = [scenario(number, CODES[number]) for number in range(30)]

    assert list(divided(scenarios, FLEET, 1)) == list(divided(scenarios, FLEET, 1))
    assert world_of(scenarios[0], FLEET) == world_of(scenarios[0], FLEET)


def test_scenarios_that_take_about_as_long_are_in_one_world_and_the_longest_is_first() -> None:
    lengths = [float(10 + number * 37 % 120) for number in range(120)]
    scenarios = [
        scenario(number, CODES[number % 39], lasts_s=lasts_s)
        for number, lasts_s in enumerate(lengths)
    ]

    worlds = list(divided(scenarios, FLEET, 1))

    for world in worlds:
        took = [length_s(each) for each in world.scenarios]
        assert took == sorted(took, reverse=True)
    small = [world for world in worlds if world.venues]
    waits_s = sum(length_s(world.scenarios[0]) - length_s(world.scenarios[-1]) for world in small)
    assert waits_s / len(small) < 30.0
