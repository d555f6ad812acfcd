"""A run sheet is divided into worlds by what it says alone."""

from tests.rehearsal.playing.test_isolation import scenario
from venuewatch.rehearsal.fleet import standard_fleet
from venuewatch.rehearsal.playing.worlds import SCENARIOS_MAX, VENUES_LEAST, divided, world_of

FLEET = standard_fleet()
CODES = [venue.code for venue in FLEET.venue]


def test_every_scenario_is_in_one_world() -> None:
    scenarios = [
        scenario(number, CODES[number % 39], runs_alone=number % 11 == 0)
        for number in range(1, 301)
    ]

    worlds = list(divided(scenarios, FLEET, 1))

    played = sorted(each.number for world in worlds for each in world.scenarios)
    assert played == list(range(1, 301))
    assert max(len(world.scenarios) for world in worlds) <= SCENARIOS_MAX
    assert len({world.name for world in worlds}) == len(worlds)


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
