"""Slots of a rehearsal on one time line: each venue's day begins by its own clock.

Moments are seconds from 00:00 UTC of the first day. Two slots of different zones may overlap in
part. So a slot is known by the ticks that it takes: the longest pieces of which all slots consist.
"""

import datetime as dt
import math
from collections.abc import Iterable
from typing import NamedTuple

from aggregator.inventory import VenueEntry
from venuewatch.base.times import offset_s, zone_of
from venuewatch.rehearsal.plan.officers import Officer
from venuewatch.rehearsal.plan.terms import DAY_S, PlanError, span

NO_DATE = dt.date(2024, 5, 13)
"""The day by which clocks are set where a plan's first day has no date."""


class Slot(NamedTuple):
    """One slot of a venue: its day, from 1 on, its moments, and its ticks."""

    day: int
    begins_at: int
    ends_at: int
    ticks: range


class Calendar:
    """The slots of every venue, and the hours in which officers work."""

    def __init__(self, days: int, slot_s: int, hours: str, first_day: str) -> None:
        self._days = days
        self._slot_s = slot_s
        self._hours = span(hours)
        self._first_at = first_at(first_day)
        self._tick_s = slot_s
        self._by_zone: dict[str, tuple[Slot, ...]] = {}

    def fit(self, venues: Iterable[VenueEntry]) -> None:
        """Cut the time line so that each slot of these venues consists of whole ticks."""
        zones = {venue.timezone for venue in venues}
        begins_s, _ = self._hours
        ahead = {
            zone: self.ahead_s(zone, begins_s + day * DAY_S)
            for zone in zones
            for day in range(self._days)
        }
        moments = {(begins_s - seconds) % DAY_S for seconds in ahead.values()}
        least = min(moments, default=0)
        self._tick_s = math.gcd(self._slot_s, DAY_S, *(moment - least for moment in moments))
        self._origin = least
        for zone in zones:
            self._by_zone[zone] = tuple(self._slots(zone))

    def of(self, venue: VenueEntry) -> tuple[Slot, ...]:
        """Return the slots of a venue, in order of time."""
        return self._by_zone[venue.timezone]

    def ahead_s(self, zone: str, at: int) -> int:
        """Return how far (s) the clocks of ``zone`` are ahead of UTC at a moment of the plan."""
        return offset_s(zone_of(zone) or dt.UTC, self._first_at + at)

    def works(self, officer: Officer, venue: VenueEntry, slot: Slot) -> bool:
        """Tell whether a slot of a venue is within an officer's own hours."""
        if officer.hours is None:
            return True
        begins_s, ends_s = span(officer.hours)
        ahead_s = self.ahead_s(officer.zone or venue.timezone, slot.begins_at)
        begins_at = (slot.begins_at + ahead_s) % DAY_S
        return begins_s <= begins_at and begins_at + self._slot_s <= ends_s

    def _slots(self, zone: str) -> Iterable[Slot]:
        begins_s, ends_s = self._hours
        for day in range(self._days):
            local_at = day * DAY_S + begins_s
            first_at = local_at - self.ahead_s(zone, local_at)
            for number in range((ends_s - begins_s) // self._slot_s):
                begins_at = first_at + number * self._slot_s
                tick = (begins_at - self._origin) // self._tick_s
                ticks = range(tick, tick + self._slot_s // self._tick_s)
                yield Slot(day + 1, begins_at, begins_at + self._slot_s, ticks)


def first_at(first_day: str) -> int:
    """Return 00:00 UTC of a plan's first day, in seconds since 1970.

    Raises:
        PlanError: it is no day.
    """
    try:
        day = dt.date.fromisoformat(first_day) if first_day else NO_DATE
        return int(dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC).timestamp())
    except ValueError:
        raise PlanError(
            "first day", f"expected a day as 2027-05-31, got {first_day[:40]!r}"
        ) from None
