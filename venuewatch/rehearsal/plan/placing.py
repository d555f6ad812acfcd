"""Finds a slot and an officer for each scenario of a plan."""

import math
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from aggregator.inventory import VenueEntry
from venuewatch.rehearsal.plan.apart import Rests, longest_rest_s, rest_s
from venuewatch.rehearsal.plan.officers import Officer, serves
from venuewatch.rehearsal.plan.slots import Calendar, Slot
from venuewatch.rehearsal.plan.terms import PlanError
from venuewatch.rehearsal.scenario import Scenario


class Placed(NamedTuple):
    """A scenario with its slot, and the index of its officer."""

    scenario: Scenario
    slot: Slot
    officer: int


class Staff:
    """Officers by the venues and slots that they serve."""

    def __init__(
        self, officers: Sequence[Officer], venues: Sequence[VenueEntry], calendar: Calendar
    ) -> None:
        self.officers = officers
        slots = {venue.code: calendar.of(venue) for venue in venues}
        self.serving: dict[str, list[int]] = {venue.code: [] for venue in venues}
        self._working: dict[tuple[str, str, str], frozenset[Slot]] = {}
        self._hours = [(officer.zone, officer.hours or "") for officer in officers]
        self._slots: list[set[tuple[int, int]]] = [set() for _ in officers]
        for index, officer in enumerate(officers):
            for venue in venues:
                if not serves(officer, venue):
                    continue
                key = (*self._hours[index], venue.code)
                if key not in self._working:
                    self._working[key] = frozenset(
                        slot for slot in slots[venue.code] if calendar.works(officer, venue, slot)
                    )
                if self._working[key]:
                    self.serving[venue.code].append(index)
                    self._slots[index] |= {slot[1:3] for slot in self._working[key]}
        self.caps = [len(each) for each in self._slots]
        venues_of: list[list[str]] = [[] for _ in officers]
        for code, indices in self.serving.items():
            for index in indices:
                venues_of[index].append(code)
        self.venues_of = [tuple(codes) for codes in venues_of]
        self.groups = [
            (codes, *hours) for codes, hours in zip(self.venues_of, self._hours, strict=True)
        ]
        """What officers have in common who may stand in for each other."""

    def works(self, index: int, code: str, slot: Slot) -> bool:
        """Tell whether an officer works in a slot of a venue."""
        return slot in self._working[(*self._hours[index], code)]

    def slots_of(self, code: str) -> int:
        """Return in how many slots of a venue any officer works."""
        keys = {(*self._hours[index], code) for index in self.serving[code]}
        return len(frozenset().union(*(self._working[key] for key in keys)))


def _shared_out(codes: Iterable[str], staff: Staff, rng: random.Random) -> list[int]:
    """Return an officer for each scenario, by its venue: the least loaded of those who serve it."""
    loads = [0] * len(staff.officers)
    lots = [rng.random() for _ in loads]
    chosen: dict[int, int] = {}
    numbered = list(enumerate(codes))
    numbered.sort(key=lambda pair: len(staff.serving[pair[1]]))
    for number, code in numbered:
        free = [one for one in staff.serving[code] if loads[one] < staff.caps[one]]
        if not free:
            raise PlanError(
                "officers",
                f"expected officers with more slots for venue {code}, got none that is free: more "
                f"officers, longer hours or more days could",
            )
        best = min(free, key=lambda one: (loads[one], lots[one]))
        loads[best] += 1
        chosen[number] = best
    return [chosen[number] for number in range(len(numbered))]


class _Board:
    """Everything that is taken already."""

    def __init__(self, staff: Staff, quotas: Sequence[int], days: int, rng: random.Random) -> None:
        self.staff = staff
        self.rng = rng
        self.left = list(quotas)
        self.a_day = [math.ceil(quota / days) for quota in quotas]
        self.venue_ticks: dict[str, set[int]] = {code: set() for code in staff.serving}
        self.officer_ticks: list[set[int]] = [set() for _ in quotas]
        self.alone_ticks: set[int] = set()
        self.rests: Rests | None = None
        self.venue_days: Counter[tuple[str, int]] = Counter()
        self.officer_days: Counter[tuple[int, int]] = Counter()
        self.stays: set[tuple[int, str, int]] = set()
        self.alone_days: Counter[int] = Counter()
        self.members: dict[object, list[int]] = {}
        for index, group in enumerate(staff.groups):
            self.members.setdefault(group, []).append(index)

    def is_free(self, scenario: Scenario, slot: Slot) -> bool:
        ticks = slot.ticks
        if not self.alone_ticks.isdisjoint(ticks):
            return False
        return all(self.venue_ticks[code].isdisjoint(ticks) for code in scenario.venues)

    def is_rested(self, scenario: Scenario, slot: Slot) -> bool:
        return self.rests is None or self.rests.allow(scenario, slot.begins_at)

    def officer_for(self, group: object, code: str, slot: Slot) -> int | None:
        free = [
            one
            for one in self.members[group]
            if self.left[one]
            and self.officer_ticks[one].isdisjoint(slot.ticks)
            and self.staff.works(one, code, slot)
        ]
        if not free:
            return None
        self.rng.shuffle(free)
        return min(free, key=lambda one: self._unease(one, code, slot))

    def _unease(self, one: int, code: str, slot: Slot) -> tuple[int, int]:
        """Return how unwelcome a scenario is to an officer: best is one more where they are."""
        today = self.officer_days[one, slot.day]
        has_enough = today >= self.a_day[one]
        if (one, code, slot.day) in self.stays:
            rank = 2 if has_enough else 0
        elif not today:
            rank = 1
        else:  # they would have to travel
            rank = 4 if has_enough else 3
        return rank, -self.left[one]

    def take(self, placed: Placed) -> None:
        scenario, slot, officer = placed
        for code in scenario.venues:
            self.venue_ticks[code].update(slot.ticks)
        self.officer_ticks[officer].update(slot.ticks)
        if scenario.runs_alone:
            self.alone_ticks.update(slot.ticks)
            self.alone_days[slot.day] += 1
        if self.rests is not None:
            self.rests.note(scenario, slot.begins_at)
        self.left[officer] -= 1
        self.venue_days[scenario.venue, slot.day] += 1
        self.officer_days[officer, slot.day] += 1
        self.stays.add((officer, scenario.venue, slot.day))


def place(
    scenarios: Sequence[Scenario],
    slots: Mapping[str, Sequence[Slot]],
    staff: Staff,
    rng: random.Random,
) -> list[Placed]:
    """Return each scenario with a slot and an officer; ``slots`` are those of each venue.

    Raises:
        PlanError: no room was found for one.
    """
    chosen = _shared_out([each.venue for each in scenarios], staff, rng)
    quotas = [0] * len(staff.officers)
    for one in chosen:
        quotas[one] += 1
    days = max((slot.day for each in slots.values() for slot in each), default=1)
    board = _Board(staff, quotas, days, rng)
    slot_s = min(slot.ends_at - slot.begins_at for each in slots.values() for slot in each)
    if longest_rest_s(scenarios) > slot_s:
        board.rests = Rests()
    order = list(range(len(scenarios)))
    rng.shuffle(order)
    # What runs alone is placed before anything could be beside it.
    order.sort(key=lambda index: (not scenarios[index].runs_alone, -len(scenarios[index].venues)))
    by_day = {code: _by_day(each) for code, each in slots.items()}
    placed: list[Placed] = []
    for index in order:
        found = _find(board, scenarios[index], staff.groups[chosen[index]], by_day)
        board.take(found)
        placed.append(found)
    return placed


def _find(
    board: _Board,
    scenario: Scenario,
    group: object,
    by_day: Mapping[str, Mapping[int, Sequence[Slot]]],
) -> Placed:
    lacks_officer = lacks_rest = False
    for slot in _in_order(board, scenario, by_day[scenario.venue]):
        if not board.is_free(scenario, slot):
            continue
        if not board.is_rested(scenario, slot):
            lacks_rest = True
            continue
        officer = board.officer_for(group, scenario.venue, slot)
        if officer is not None:
            return Placed(scenario, slot, officer)
        lacks_officer = True
    if lacks_officer:
        raise PlanError(
            "officers", f"found no officer for {scenario.kind} at {scenario.venue} in any free slot"
        )
    if lacks_rest:
        raise PlanError(
            "distance",
            f"found no slot for {scenario.kind} at {scenario.venue} that is {rest_s(1):.0f} s or "
            f"more from other hits on its subjects: nearer ones are flapping",
        )
    if scenario.runs_alone:
        raise PlanError("centre", f"found 0 slots in which {scenario.kind} could run alone")
    raise PlanError("venues", f"found 0 free slots for {scenario.kind} at {scenario.venue}")


def _in_order(
    board: _Board, scenario: Scenario, by_day: Mapping[int, Sequence[Slot]]
) -> Iterator[Slot]:
    """Yield a venue's slots, those of the day with fewest scenarios first."""
    lots = {day: board.rng.random() for day in by_day}

    def fewest(day: int) -> tuple[int, int, float]:
        alone = board.alone_days[day] if scenario.runs_alone else 0
        return alone, board.venue_days[scenario.venue, day], lots[day]

    for day in sorted(by_day, key=fewest):
        yield from board.rng.sample(by_day[day], len(by_day[day]))


def _by_day(slots: Sequence[Slot]) -> dict[int, list[Slot]]:
    days: dict[int, list[Slot]] = {}
    for slot in slots:
        days.setdefault(slot.day, []).append(slot)
    return days
