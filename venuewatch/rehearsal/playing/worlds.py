"""Divides a run sheet into simulated worlds, each to be played by itself.

What a world has in it follows from the run sheet alone. So neither the number of processes nor an
interruption changes what comes of a scenario.
"""

import random
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from aggregator.inventory import Inventory
from venuewatch.rehearsal.scenario import Scenario

SCENARIOS_MAX: Final = 120
"""How many scenarios the whole fleet plays in one world."""

VENUES_LEAST: Final = 5
"""How many venues a small world has at least."""

_SMALL_MAX = 3


class WorldPlan(NamedTuple):
    """One world: its name, its venues (none: all), and the scenarios in the order of the sheet."""

    name: str
    seed: str
    venues: tuple[str, ...]
    scenarios: tuple[Scenario, ...]


def divided(scenarios: Sequence[Scenario], inventory: Inventory, seed: int) -> Iterator[WorldPlan]:
    """Yield the worlds of a run. A scenario that hits the centre has one of its own.

    That one is small, unless the scenario is of many venues.
    """
    together = [each for each in scenarios if not each.runs_alone]
    for number, some in enumerate(_pieces(together), 1):
        yield WorldPlan(f"fleet-{number}", f"{seed}/fleet-{number}", (), some)
    codes = [venue.code for venue in inventory.venue]
    for each in scenarios:
        if each.runs_alone:
            name = f"centre-{each.number}"
            venues = _with_others(each, codes) if len(each.venues) <= _SMALL_MAX else ()
            yield WorldPlan(name, f"{each.seed}/{name}", venues, (each,))


def world_of(scenario: Scenario, inventory: Inventory) -> WorldPlan:
    """Return a world in which a scenario is played by itself, by its seed."""
    codes = [venue.code for venue in inventory.venue]
    venues = _with_others(scenario, codes) if len(scenario.venues) <= _SMALL_MAX else ()
    name = f"alone-{scenario.number}"
    return WorldPlan(name, f"{scenario.seed}/{name}", venues, (scenario,))


def _pieces(scenarios: Sequence[Scenario]) -> Iterator[tuple[Scenario, ...]]:
    """Yield them in pieces that are about as large as one another."""
    pieces = -(-len(scenarios) // SCENARIOS_MAX)
    for number in range(pieces):
        start, end = (len(scenarios) * at // pieces for at in (number, number + 1))
        yield tuple(scenarios[start:end])


def _with_others(scenario: Scenario, codes: Sequence[str]) -> tuple[str, ...]:
    """Return the venues of a scenario, and as many others as a small world needs."""
    others = [code for code in codes if code not in scenario.venues]
    more = random.Random(scenario.seed).sample(
        others, min(len(others), max(0, VENUES_LEAST - len(scenario.venues)))
    )
    chosen = {*scenario.venues, *more}
    return tuple(code for code in codes if code in chosen)
