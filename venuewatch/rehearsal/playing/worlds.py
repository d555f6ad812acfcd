"""Divides a run sheet into simulated worlds, each to be played by itself.

What a world has in it follows from the run sheet alone. So neither the number of processes nor an
interruption changes what comes of a scenario.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from aggregator.inventory import Inventory
from venuewatch.rehearsal.plan.apart import falls_of, length_s
from venuewatch.rehearsal.playing.terms import watched_s
from venuewatch.rehearsal.scenario import Scenario, subject_of

VENUES_LEAST: Final = 5
"""How many venues a small world has at least."""

SMALL: Final = 6
"""At how many venues a small world plays, unless one scenario is of more."""

LONG_S: Final = 180.0
"""A scenario that takes longer (s) is played in a small world: the whole fleet costs more."""

BUSY_S: Final = 450.0
"""How long (s) the scenarios of a venue may take in one world, if the first takes no longer."""

_SMALL_MAX = 3


class WorldPlan(NamedTuple):
    """One world: its name, its venues (none: all), and its scenarios, in their order."""

    name: str
    seed: str
    venues: tuple[str, ...]
    scenarios: tuple[Scenario, ...]


def divided(scenarios: Sequence[Scenario], inventory: Inventory, seed: int) -> Iterator[WorldPlan]:
    """Yield the worlds of a run.

    A venue plays several scenarios in a world, one after the other, if they hit different hosts: so
    nothing has to rest between two. Half of all scenarios or more are played on the whole fleet.
    One that hits the centre has a small world of its own.
    """
    codes = [venue.code for venue in inventory.venue]
    on_fleet = set[int]()
    for number, some in enumerate(_on_fleet(scenarios, len(codes)), 1):
        on_fleet.update(each.number for each in some)
        yield WorldPlan(f"fleet-{number}", f"{seed}/fleet-{number}", (), some)
    apart = [each for each in scenarios if not each.runs_alone and each.number not in on_fleet]
    for number, some in enumerate(_packed(apart, SMALL), 1):
        venues = {code for each in some for code in each.venues}
        chosen = _with_others(venues, codes, f"{seed}/{number}")
        yield WorldPlan(f"small-{number}", f"{seed}/small-{number}", chosen, some)
    for each in scenarios:
        if each.runs_alone:
            yield world_of(each, inventory)


def takes_s(scenario: Scenario) -> float:
    """Return how long (s) a scenario may take, from its begin to the end of watching."""
    return length_s(scenario) + watched_s(scenario)


def _on_fleet(scenarios: Sequence[Scenario], most: int) -> Iterator[tuple[Scenario, ...]]:
    """Yield the worlds of the whole fleet, each as full as it can be; none plays what is long.

    Half of all are taken evenly. Where one of them finds no place, another one may.
    """
    able = [
        each
        for each in scenarios
        if not each.runs_alone and (length_s(each) <= LONG_S or len(each.venues) > _SMALL_MAX)
    ]
    wanted = min(len(able), -(-len(scenarios) // 2))
    even = {able[at * len(able) // wanted].number for at in range(wanted)}
    left = sorted(able, key=lambda each: (each.number not in even, -takes_s(each)))
    while wanted:
        room = _Room(most, max(BUSY_S, takes_s(left[0])))
        for each in left:
            if len(room.scenarios) < wanted:
                room.take_if_there_is_place(each)
        wanted -= len(room.scenarios)
        taken = {each.number for each in room.scenarios}
        left = [each for each in left if each.number not in taken]
        yield room.in_order()


class _Room:
    """A world that is filled. ``most``: its venues; ``busy_s``: how long each of them may play."""

    def __init__(self, most: int, busy_s: float) -> None:
        self._most = most
        self._limit_s = busy_s
        self._busy_s: dict[str, float] = {}
        self._hit: dict[str, set[str]] = {}
        self.scenarios: list[Scenario] = []

    def take_if_there_is_place(self, scenario: Scenario) -> bool:
        """Take a scenario in, if its venues have time and no host is hit that was before."""
        hit = _hit_by(scenario)
        is_first = not self.scenarios
        if not is_first and not self._has_place(scenario, hit):
            return False
        self.scenarios.append(scenario)
        for code in scenario.venues:
            self._busy_s[code] = self._busy_s.get(code, 0.0) + takes_s(scenario)
            self._hit.setdefault(code, set()).update(hit.get(code, ()))
        return True

    def in_order(self) -> tuple[Scenario, ...]:
        """Return what it plays: at each venue the longest first, and first where most is left."""
        left_s, ranked = dict(self._busy_s), list[tuple[float, Scenario]]()
        for each in sorted(self.scenarios, key=takes_s, reverse=True):
            ranked.append((max(left_s[code] for code in each.venues), each))
            for code in each.venues:
                left_s[code] -= takes_s(each)
        return tuple(each for _, each in sorted(ranked, key=lambda one: -one[0]))

    def _has_place(self, scenario: Scenario, hit: Mapping[str, set[str]]) -> bool:
        if len(self._busy_s.keys() | set(scenario.venues)) > self._most:
            return False
        left_s = self._limit_s - takes_s(scenario)
        return all(
            self._busy_s.get(code, 0.0) <= left_s
            and _are_others(hit.get(code, set()), self._hit.get(code, set()))
            for code in scenario.venues
        )


def _hit_by(scenario: Scenario) -> dict[str, set[str]]:
    """Return the hosts that a scenario hits, or is about, by venue; "" stands for all of it."""
    hit: dict[str, set[str]] = {}
    for subject in map(subject_of, falls_of(scenario)):
        hit.setdefault(subject.venue, set()).add(subject.host)
    return hit


def _are_others(hosts: set[str], hit: set[str]) -> bool:
    """Tell whether hosts of a venue are others than those that were hit."""
    return not hosts or not hit or ("" not in hosts | hit and hosts.isdisjoint(hit))


def _packed(scenarios: Sequence[Scenario], most: int) -> list[tuple[Scenario, ...]]:
    """Return them in as few worlds as come of taking each into the first with room for it."""
    rooms: list[_Room] = []
    for each in sorted(scenarios, key=takes_s, reverse=True):
        if not any(room.take_if_there_is_place(each) for room in rooms):
            rooms.append(_Room(most, max(BUSY_S, takes_s(each))))
            rooms[-1].take_if_there_is_place(each)
    return [room.in_order() for room in rooms]


def world_of(scenario: Scenario, inventory: Inventory) -> WorldPlan:
    """Return a world in which a scenario is played by itself, by its seed.

    It is a small one; the whole fleet for one of many venues that is not of the centre, as how many
    others there are decides what it is taken for.
    """
    codes = [venue.code for venue in inventory.venue]
    own, least = set(scenario.venues), VENUES_LEAST
    if len(own) > _SMALL_MAX:
        least = len(own) + VENUES_LEAST if scenario.runs_alone else len(codes)
    venues = _with_others(own, codes, str(scenario.seed), least)
    name = f"alone-{scenario.number}"
    return WorldPlan(name, f"{scenario.seed}/{name}", venues, (scenario,))


def _with_others(
    venues: set[str], codes: Sequence[str], seed: str, least: int = VENUES_LEAST
) -> tuple[str, ...]:
    """Return venues, and others until there are so many, in the order of the inventory."""
    others = [code for code in codes if code not in venues]
    missing = min(len(others), max(0, least - len(venues)))
    chosen = {*venues, *random.Random(seed).sample(others, missing)}
    return tuple(code for code in codes if code in chosen)
