"""Decides which of the scenarios that wait may be played now. Pure.

1. The order of the plan holds at each venue: of those that wait for it, the first comes first.
2. Else each comes as soon as ``Isolation`` allows it, its venues are well, and its moment is there.
3. One that runs alone lets ``PASSED_BY`` that come after it be played before, at its own venue too.
   Then it is waited for: none that comes after it begins until it has begun, unless it has to rest.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from venuewatch.rehearsal.playing.isolation import Isolation
from venuewatch.rehearsal.scenario import Scenario

PASSED_BY: Final = 40
"""How many may pass one that runs alone; all that are played have to end before it."""


class Turns:
    """The scenarios that wait, in the order of the plan.

    ``moments`` has before which moment (s, the clock of ``now``) one may not begin. ``most``: how
    many are played at once; None: as many as may.
    """

    def __init__(
        self,
        scenarios: Iterable[Scenario],
        isolation: Isolation,
        *,
        moments: Mapping[int, float] | None = None,
        most: int | None = None,
    ) -> None:
        self._waiting = list(scenarios)
        self._isolation = isolation
        self._moments = moments or {}
        self._most = most
        self._passed: Counter[int] = Counter()

    @property
    def waiting(self) -> tuple[Scenario, ...]:
        """Those that wait."""
        return tuple(self._waiting)

    def take(self, now: float, is_well: Callable[[Scenario], bool]) -> list[Scenario]:
        """Return those whose turn it is: they occupy their venues, and wait no more.

        ``is_well`` is asked only for one that may begin but for that.
        """
        taken: list[Scenario] = []
        venues: set[str] = set()
        alone: list[Scenario] = []
        for scenario in self.waiting:
            if self._most is not None and self._isolation.count >= self._most:
                break
            is_next = venues.isdisjoint(scenario.venues)
            venues.update(() if scenario.runs_alone else scenario.venues)
            if not is_next or now < self._moments.get(scenario.number, now):
                continue
            if self._isolation.may_begin(scenario, now) and is_well(scenario):
                self._waiting.remove(scenario)
                self._isolation.occupy(scenario)
                taken.append(scenario)
                self._passed.update(each.number for each in alone)
                is_enough = any(self._is_waited_for(each, now) for each in alone)
            else:
                alone += [scenario] if scenario.runs_alone else []
                is_enough = scenario.runs_alone and self._is_waited_for(scenario, now)
            if is_enough:
                break
        return taken

    def _is_waited_for(self, scenario: Scenario, now: float) -> bool:
        has_waited = self._passed[scenario.number] >= PASSED_BY
        return has_waited and self._isolation.has_rested(scenario, now)
