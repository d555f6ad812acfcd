"""Decides when a monitor is not well where nothing is played. Pure.

1. A place is a venue, or the centre. What the monitor says of it counts while no scenario is played
   there; one that runs alone is played everywhere.
2. It has to last for ``LASTS_S``. Each spell is told once.
3. It is of the scenario that was played there last, if the place was not well even once since that
   had ended; else it is of none.
"""

from collections.abc import Collection
from typing import Final

from venuewatch.rehearsal.runfile.rows import Well
from venuewatch.rehearsal.scenario import Scenario

LASTS_S: Final = 10.0
"""For how long (s) a monitor has to say so: a beat may be late on a busy machine."""

_CENTRE: Final = "centre"


class Spells:
    """The spells in the world of this name; ``at`` is s of the run's clock."""

    def __init__(self, world: str) -> None:
        self._world = world
        self._ended: list[tuple[float, Scenario]] = []
        self._of: dict[str, int] = {}
        self._since: dict[str, float] = {}
        self._told: set[str] = set()

    def end(self, scenario: Scenario, at: float) -> None:
        """Note that a scenario has ended."""
        self._ended.append((at, scenario))

    def take(self, unwell: Collection[str], at: float, playing: Collection[Scenario]) -> list[Well]:
        """Return what is to be written of an answer that was asked for at ``at``.

        ``unwell``: the places that are not well; that of the centre is empty.
        """
        self._blame(frozenset(unwell), at)
        busy = {code for scenario in playing for code in scenario.venues}
        is_everywhere = any(scenario.runs_alone for scenario in playing)
        idle = frozenset() if is_everywhere else frozenset(unwell) - busy
        self._since = {place: self._since.get(place, at) for place in idle}
        self._told &= idle
        new = [place for place in sorted(idle - self._told) if at - self._since[place] >= LASTS_S]
        self._told.update(new)
        return [
            Well(
                self._world,
                self._since[place],
                "monitor",
                is_well=False,
                number=self._of.get(place),
                detail=place or _CENTRE,
            )
            for place in new
        ]

    def _blame(self, unwell: frozenset[str], at: float) -> None:
        """Have those that have ended answer for what is not well since."""
        self._of = {place: number for place, number in self._of.items() if place in unwell}
        for ended_at, scenario in self._ended:
            if ended_at <= at:
                places = unwell if scenario.runs_alone else unwell.intersection(scenario.venues)
                self._of.update(dict.fromkeys(places, scenario.number))
        self._ended = [ended for ended in self._ended if ended[0] > at]
