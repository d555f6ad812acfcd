"""Divides a run sheet into simulated worlds, each to be played by itself.

What a world has in it follows from the run sheet alone. So neither the number of processes nor an
interruption changes what comes of a scenario.
"""

import random
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from aggregator.inventory import Inventory
from venuewatch.rehearsal.plan.apart import length_s
from venuewatch.rehearsal.scenario import Scenario

VENUES_LEAST: Final = 5
"""How many venues a small world has at least."""

SMALL: Final = 6
"""How many scenarios a small world plays, each at other venues."""

LONG_S: Final = 180.0
"""A scenario that takes longer (s) is played in a small world: the whole fleet costs more."""

_SMALL_MAX = 3


class WorldPlan(NamedTuple):
    """One world: its name, its venues (none: all), and its scenarios, the longest first."""

    name: str
    seed: str
    venues: tuple[str, ...]
    scenarios: tuple[Scenario, ...]


def divided(scenarios: Sequence[Scenario], inventory: Inventory, seed: int) -> Iterator[WorldPlan]:
    """Yield the worlds of a run: in each, a venue plays one scenario.

    So nothing has to rest between two. Half of all scenarios or more are played on the whole fleet.
    One that hits the centre has a world of its own, a small one, unless it is of many venues. A
    world is there until its last scenario is over: those that take about as long are together.
    """
    codes = [venue.code for venue in inventory.venue]
    on_fleet = _on_fleet(scenarios)
    by_length = sorted(scenarios, key=length_s, reverse=True)
    apart = [each for each in by_length if not each.runs_alone and each.number not in on_fleet]
    together = [each for each in by_length if each.number in on_fleet]
    for number, some in enumerate(_packed(together, len(codes)), 1):
        yield WorldPlan(f"fleet-{number}", f"{seed}/fleet-{number}", (), some)
    for number, some in enumerate(_packed(apart, SMALL), 1):
        venues = {code for each in some for code in each.venues}
        chosen = _with_others(venues, codes, f"{seed}/{number}")
        yield WorldPlan(f"small-{number}", f"{seed}/small-{number}", chosen, some)
    for each in scenarios:
        if each.runs_alone:
            yield world_of(each, inventory)


def _on_fleet(scenarios: Sequence[Scenario]) -> set[int]:
    """Return the numbers of those that the whole fleet plays: taken evenly, none that is long."""
    able = [
        each.number
        for each in scenarios
        if not each.runs_alone and (length_s(each) <= LONG_S or len(each.venues) > _SMALL_MAX)
    ]
    wanted = min(len(able), -(-len(scenarios) // 2))
    return {able[at * len(able) // wanted] for at in range(wanted)}


def _packed(scenarios: Sequence[Scenario], most: int) -> list[tuple[Scenario, ...]]:
    """Return them in as few worlds as come of taking each into the first with room for it."""
    worlds: list[list[Scenario]] = []
    taken: list[set[str]] = []
    for each in scenarios:
        for world, venues in zip(worlds, taken, strict=True):
            if len(world) < most and venues.isdisjoint(each.venues):
                break
        else:
            world, venues = [], set()
            worlds.append(world)
            taken.append(venues)
        world.append(each)
        venues.update(each.venues)
    return [tuple(world) for world in worlds]


def world_of(scenario: Scenario, inventory: Inventory) -> WorldPlan:
    """Return a world in which a scenario is played by itself, by its seed."""
    codes = [venue.code for venue in inventory.venue]
    is_small = len(scenario.venues) <= _SMALL_MAX
    venues = _with_others(set(scenario.venues), codes, str(scenario.seed)) if is_small else ()
    name = f"alone-{scenario.number}"
    return WorldPlan(name, f"{scenario.seed}/{name}", venues, (scenario,))


def _with_others(venues: set[str], codes: Sequence[str], seed: str) -> tuple[str, ...]:
    """Return venues, and as many others as a small world needs, in the order of the inventory."""
    others = [code for code in codes if code not in venues]
    missing = min(len(others), max(0, VENUES_LEAST - len(venues)))
    chosen = {*venues, *random.Random(seed).sample(others, missing)}
    return tuple(code for code in codes if code in chosen)
