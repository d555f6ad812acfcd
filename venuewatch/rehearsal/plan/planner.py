"""Makes a run sheet from venues, officers and kinds.

1. ``shares``: how many scenarios of each kind, by largest remainder; each kind at least once, and
   18 to 24 % that expect no alarm.
2. ``spread``: the venue that each counts for; each venue at least once, and as many scenarios as
   the officers who serve it can take.
3. The kinds resolve each into a concrete scenario: subjects named, lengths drawn by its seed.
4. ``placing``: its slot and its officer. What hits the centre is placed first, and runs alone.
5. ``sheet``: the rows in order of time, numbered; ``folder`` writes and reads them.

Nothing reads a clock, and chance is a seed: the same arguments give the same sheet.
"""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeAlias

import msgspec

from aggregator.inventory import Inventory, VenueEntry
from venuewatch.base.times import zone_of
from venuewatch.rehearsal.plan import officers as people
from venuewatch.rehearsal.plan.apart import length_s
from venuewatch.rehearsal.plan.officers import Officer, serves
from venuewatch.rehearsal.plan.placing import Placed, Staff, place
from venuewatch.rehearsal.plan.shares import Candidate, counts_of
from venuewatch.rehearsal.plan.sheet import DAYS_MAX, Row, RunSheet, Settings, digest_of
from venuewatch.rehearsal.plan.slots import Calendar
from venuewatch.rehearsal.plan.spread import spread
from venuewatch.rehearsal.plan.terms import PlanError
from venuewatch.rehearsal.scenario import Scenario

Resolve: TypeAlias = Callable[[str, int, str, int], Scenario]
"""Makes a scenario of a kind's name, a number, a venue's code and a seed."""

_ATTEMPTS = 4
_DAYS_TRIED = (1, 2, 4, 8)
_ROOM_KEPT = 0.9
"""The share of what could run alone that is planned: one over several venues needs room, too."""


def plan(
    settings: Settings,
    inventory: Inventory,
    officers: Sequence[Officer],
    kinds: Sequence[Candidate],
    resolve: Resolve,
) -> RunSheet:
    """Return the run sheet; the same for the same arguments.

    Raises:
        PlanError: a constraint can't be met; it says which, and what number could.
    """
    people.check(officers, inventory.venue)
    _check_zones(inventory.venue)
    refused = _try(settings, inventory, officers, kinds, resolve)
    if isinstance(refused, RunSheet):
        return refused
    for more in _DAYS_TRIED if isinstance(refused, _NoRoomError) else ():
        days = settings.days + more
        if days > DAYS_MAX:
            break
        longer = msgspec.structs.replace(settings, days=days)
        if isinstance(_try(longer, inventory, officers, kinds, resolve), RunSheet):
            raise PlanError(refused.constraint, f"{_text_of(refused)} ({days} days could)")
    raise refused


def _text_of(error: PlanError) -> str:
    return str(error).removeprefix(f"{error.constraint}: ")


def _try(
    settings: Settings,
    inventory: Inventory,
    officers: Sequence[Officer],
    kinds: Sequence[Candidate],
    resolve: Resolve,
) -> RunSheet | PlanError:
    """Return a run sheet, or why there is none."""
    last: PlanError | None = None
    for attempt in range(_ATTEMPTS):
        try:
            return _Planner(settings, inventory, officers, kinds, resolve).made(attempt)
        except PlanError as error:
            last = last or error
            if not isinstance(error, _NoRoomError):
                break
    assert last is not None  # noqa: S101 - the loop ends with one
    return last


class _NoRoomError(PlanError):
    """No room was found by this seed; another one may find it."""


@contextmanager
def _seeking_room() -> Iterator[None]:
    try:
        yield
    except PlanError as error:
        raise _NoRoomError(error.constraint, _text_of(error)) from None


class _Planner:
    def __init__(
        self,
        settings: Settings,
        inventory: Inventory,
        officers: Sequence[Officer],
        kinds: Sequence[Candidate],
        resolve: Resolve,
    ) -> None:
        self._settings = settings
        self._inventory = inventory
        self._officers = officers
        self._kinds = kinds
        self._resolve = resolve
        self._venues = {venue.code: venue for venue in inventory.venue}
        calendar = Calendar(settings.days, settings.slot_s, settings.hours, settings.first_day)
        calendar.fit(inventory.venue)
        self._slots = {venue.code: calendar.of(venue) for venue in inventory.venue}
        self._check_slots()
        self._staff = Staff(officers, inventory.venue, calendar)
        self._check_staff()

    def made(self, attempt: int) -> RunSheet:
        settings = self._settings
        rng = random.Random(f"{settings.seed} {attempt}")
        counts = counts_of(settings.scenarios, self._kinds, rng, alone_most=self._alone_most())
        alone = sum(
            count for kind, count in zip(self._kinds, counts, strict=True) if kind.runs_alone
        )
        wanted, caps = self._wanted(), self._caps(alone)
        with _seeking_room():
            chosen = spread(self._kinds, counts, wanted, caps, rng)
        rng.shuffle(chosen)
        scenarios = [
            self._resolve(self._kinds[index].name, number, code, rng.getrandbits(53))
            for number, (index, code) in enumerate(chosen, start=1)
        ]
        self._check_lengths(scenarios)
        with _seeking_room():
            placed = place(scenarios, self._slots, self._staff, rng)
        return RunSheet(
            inventory=digest_of(self._inventory),
            settings=settings,
            officers=tuple(self._officers),
            rows=self._rows(placed),
        )

    def _check_slots(self) -> None:
        if not all(self._slots.values()):
            raise PlanError(
                "hours",
                f"expected at least one slot of {_minutes(self._settings.slot_s)} a day, got "
                f"{self._settings.hours}",
            )

    def _check_staff(self) -> None:
        for code, indices in self._staff.serving.items():
            if not any(serves(officer, self._venues[code]) for officer in self._officers):
                raise PlanError("officers", f"expected one who serves venue {code}, got none")
            if not indices:
                raise PlanError(
                    "officers",
                    f"expected one who serves venue {code} to work in a slot between "
                    f"{self._settings.hours} of {self._venues[code].timezone}, got none",
                )
        total = self._settings.scenarios
        room = sum(self._staff.slots_of(code) for code in self._venues)
        if total > room:
            raise PlanError(
                "venues",
                f"expected at most {room:,} scenarios in the slots of {len(self._venues)} venues, "
                f"or {math.ceil(total * self._settings.days / room)} days, got {total:,}",
            )
        room = sum(self._staff.caps)
        if total > room:
            most = max(self._staff.caps)
            raise PlanError(
                "officers",
                f"expected at most {room:,} scenarios for {len(self._officers)} officers, or at "
                f"least {math.ceil(total / most)} officers, got {total:,}",
            )

    def _alone_most(self) -> int:
        """Return how many may hit the centre, so that the others find their slots, too."""
        total = self._settings.scenarios
        least = sum(kind.runs_alone for kind in self._kinds)
        slots = min(len(each) for each in self._slots.values())
        at_once = min(len(self._slots), len(self._officers))
        most = (slots - least) * at_once + least
        if slots < least or total > most:
            raise PlanError(
                "centre",
                f"expected at least {least} slots and at most {max(0, most):,} scenarios, as "
                f"{least} kinds hit the centre and each runs alone, got {slots} slots and "
                f"{total:,} scenarios",
            )
        room = slots if at_once == 1 else (slots * at_once - total) // (at_once - 1)
        return min(room, max(least, int(room * _ROOM_KEPT)), total)

    def _wanted(self) -> dict[str, float]:
        """Return the share of each venue: that of the officers who serve it."""
        wanted = dict.fromkeys(self._venues, 0.0)
        for codes in self._staff.venues_of:
            for code in codes:
                wanted[code] += 1 / len(codes)
        return wanted

    def _caps(self, alone: int) -> dict[str, int]:
        """Return how many scenarios each venue has room for beside those that run alone."""
        each, rest = divmod(alone, len(self._venues))
        slots = {code: self._staff.slots_of(code) for code in self._venues}
        return {
            code: max(0, min(slots[code], slots[code] - alone + each + (number < rest)))
            for number, code in enumerate(self._venues)
        }

    def _check_lengths(self, scenarios: Sequence[Scenario]) -> None:
        longest = max(scenarios, key=length_s)
        if length_s(longest) > self._settings.slot_s:
            raise PlanError(
                "slot",
                f"expected at least {math.ceil(length_s(longest) / 60)}m, as {longest.kind} takes "
                f"so long, got {_minutes(self._settings.slot_s)}",
            )

    def _rows(self, placed: Sequence[Placed]) -> tuple[Row, ...]:
        ordered = sorted(placed, key=lambda each: (each.slot.begins_at, each.scenario.venue))
        return tuple(
            Row(
                day=slot.day,
                starts_at=slot.begins_at,
                ends_at=slot.ends_at,
                officer=self._officers[officer].name,
                scenario=msgspec.structs.replace(scenario, number=number),
            )
            for number, (scenario, slot, officer) in enumerate(ordered, start=1)
        )


def _check_zones(venues: Sequence[VenueEntry]) -> None:
    for venue in venues:
        if zone_of(venue.timezone) is None:
            raise PlanError(
                "inventory", f"expected a time zone for {venue.code}, got {venue.timezone[:40]!r}"
            )
    if not venues:
        raise PlanError("inventory", "expected a venue at least, got none")


def _minutes(seconds: int) -> str:
    return f"{seconds // 60}m" if seconds % 60 == 0 else f"{seconds}s"
