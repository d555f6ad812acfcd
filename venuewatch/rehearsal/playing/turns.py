"""Decides which of the scenarios that wait may be played now. Pure.

1. The order of the plan holds at each venue: of those that wait for it, the first comes first. One
   that has to rest lets ``PASSED_AT_REST`` of its venues be played before.
2. Else each comes as soon as ``Isolation`` allows it, its venues are well, and its moment is there.
   It need not be kept apart yet: it has its venues while it looks, and begins when it may.
3. One that runs alone lets ``PASSED_BY`` that come after it be played before, at its own venue too.
   Then it is waited for: none that comes after it begins until it has begun, unless it has to rest.
4. Once all others have ended for it, more that run alone follow, ``IN_A_ROW`` with it, also after
   a rest of the centre: to wait for the end of all others takes longer than most of these.
5. No more than ``most_a_second`` begin within a second. All look first, and where forty look at
   once, a machine begins steps too late, and loses packets by which it sees that a line is well.
6. None is taken that would not be over in time, where there is an end: it waits no more.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from venuewatch.rehearsal.playing.isolation import Isolation
from venuewatch.rehearsal.playing.terms import usual_length_s
from venuewatch.rehearsal.scenario import Scenario

PASSED_BY: Final = 40
"""How many may pass one that runs alone; all that are played have to end before it."""

PASSED_AT_REST: Final = 4
"""How many may pass one that has to rest, each at a venue of its."""

IN_A_ROW: Final = 20
"""How many that run alone are played one after the other, where so many wait."""

_TURN: Final = "for their turn"


class Turns:
    """The scenarios that wait, in the order of the plan.

    ``moments`` has before which moment (s, the clock of ``now``) one may not begin. ``most``: how
    many are played at once, and ``most_a_second``: how many begin within a second; None: as many
    as may. ``ends_at``: by when (s, likewise) all is to be over; None: when all is played.

    Attributes:
        obstacles: what they were waiting for when turns were taken last, and how many.
        resting: those of them that had to rest.
    """

    def __init__(
        self,
        scenarios: Iterable[Scenario],
        isolation: Isolation,
        *,
        moments: Mapping[int, float] | None = None,
        most: int | None = None,
        most_a_second: int | None = None,
        ends_at: float | None = None,
    ) -> None:
        self.obstacles: Counter[str] = Counter()
        self.resting: list[Scenario] = []
        self._waiting = list(scenarios)
        self._isolation = isolation
        self._moments = moments or {}
        self._most = most
        self._most_a_second = most_a_second
        self._ends_at = ends_at
        self._passed: Counter[int] = Counter()
        self._left_in_row = 0
        self._taken_at: list[float] = []

    @property
    def waiting(self) -> tuple[Scenario, ...]:
        """Those that wait."""
        return tuple(self._waiting)

    def take(self, now: float, is_well: Callable[[Scenario], bool]) -> list[Scenario]:
        """Return those whose turn it is: they occupy their venues, and wait no more.

        ``is_well`` is asked only for one that may begin but for that.
        """
        self._give_up_late(now)
        self.obstacles.clear()
        self.resting.clear()
        if self._left_in_row and not self._isolation.count:
            in_row = self._next_in_row(now, is_well)
            if in_row is not None:
                return [in_row]
            if any(self._isolation.rests_for_centre(each, now) for each in self.resting):
                self.obstacles["for a rest"] += len(self.resting)
                return []
        return self._take_in_order(now, is_well)

    def _take_in_order(self, now: float, is_well: Callable[[Scenario], bool]) -> list[Scenario]:
        taken: list[Scenario] = []
        room = self._room(now)
        venues: set[str] = set()
        alone: list[Scenario] = []
        for scenario in self.waiting:
            if self._most is not None and self._isolation.count >= self._most:
                self.obstacles["for one of those that are played"] += 1
                break
            if room is not None and len(taken) >= room:
                self.obstacles["for those that begin"] += 1
                break
            obstacle = self._obstacle(scenario, now, venues, is_well)
            if obstacle is None:
                self._begin(scenario)
                taken.append(scenario)
                self._passed.update(each.number for each in alone)
                is_enough = any(self._is_waited_for(each, now) for each in alone)
            else:
                self.obstacles[obstacle] += 1
                is_next = scenario.runs_alone and obstacle != _TURN
                alone += [scenario] if is_next else []
                is_enough = is_next and self._is_waited_for(scenario, now)
            if is_enough:
                break
            if not scenario.runs_alone and not self._lets_pass(scenario, obstacle):
                venues.update(scenario.venues)
        self._taken_at += [now] * len(taken)
        return taken

    def _room(self, now: float) -> int | None:
        """Return how many may begin now, where that is bounded."""
        self._taken_at = [at for at in self._taken_at if at > now - 1.0]
        most = self._most_a_second
        return None if most is None else max(0, most - len(self._taken_at))

    def _obstacle(
        self,
        scenario: Scenario,
        now: float,
        venues: set[str],
        is_well: Callable[[Scenario], bool],
    ) -> str | None:
        """Return what a scenario waits for; ``venues`` have an earlier one that waits."""
        if not venues.isdisjoint(scenario.venues):
            return _TURN
        if now < self._moments.get(scenario.number, now):
            return "for their moment"
        obstacle = self._isolation.obstacle(scenario, now)
        if obstacle == "for a rest":
            self.resting.append(scenario)
        if obstacle not in {None, "to be kept apart"}:
            return obstacle
        return None if is_well(scenario) else "until their venues are well"

    def _lets_pass(self, scenario: Scenario, obstacle: str | None) -> bool:
        return obstacle == "for a rest" and self._passed[scenario.number] < PASSED_AT_REST

    def _begin(self, scenario: Scenario) -> None:
        self._waiting.remove(scenario)
        self._isolation.occupy(scenario)
        venues = set(scenario.venues)
        for each in self.resting:
            if not each.runs_alone and not venues.isdisjoint(each.venues):
                self._passed[each.number] += 1
        self._left_in_row = IN_A_ROW - 1 if scenario.runs_alone else 0

    def _next_in_row(self, now: float, is_well: Callable[[Scenario], bool]) -> Scenario | None:
        """Return one more that runs alone: all others have ended for the one before it."""
        for scenario in self.waiting:
            if scenario.runs_alone and self._obstacle(scenario, now, set(), is_well) is None:
                left = self._left_in_row
                self._begin(scenario)
                self._left_in_row = left - 1
                return scenario
        return None

    def _give_up_late(self, now: float) -> None:
        if self._ends_at is not None:
            left_s = self._ends_at - now
            self._waiting = [each for each in self._waiting if usual_length_s(each) <= left_s]

    def _is_waited_for(self, scenario: Scenario, now: float) -> bool:
        has_waited = self._passed[scenario.number] >= PASSED_BY
        return has_waited and self._isolation.has_rested(scenario, now)
