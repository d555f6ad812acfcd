"""Places of a host's checks and series: only so many are known at a time.

A check has its place from its first reading on. When all are taken, those fall free of which the
host has said nothing for long, or that are of an earlier run of its agent: its configuration is
another one now. Who takes new names again and again finds no place in the end: each would be a new
incident. A reading that finds no place is left out, and counted against the host's budget.
A check whose labelled values (performance data of a plugin) would be too many keeps its state, and
loses the values. Times are monotonic seconds.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from msgspec.structs import replace

from aggregator.core.budget import CHECKS_MAX, PLACES, SERIES, SERIES_MAX, Budget
from aggregator.core.host import Host
from aggregator.core.verdicts.unsaid import patience_s
from venuewatch.base.wire.checks import CheckValues
from venuewatch.base.wire.messages import CheckReading, Checks
from venuewatch.base.wire.readings import families_of

_LABELLED = tuple(name for name in CheckValues.__struct_fields__ if "performance" in name)
_NO_VALUES = CheckValues()
_OF_ROWS = tuple(family.name for family in families_of(CheckValues) if family.labels)


class Room(NamedTuple):
    """The readings of a message that found a place, and the checks that lost theirs to them."""

    message: Checks
    freed: tuple[str, ...]


def make_room(host: Host, message: Checks, budget: Budget, now: float) -> Room:
    """Return what is taken of a live message of checks. The places of ``freed`` are free now."""
    new = {reading.check for reading in message.readings if reading.check not in host.checks}
    freed: tuple[str, ...] = ()
    if len(host.checks) + len(new) > CHECKS_MAX:
        freed = _free(host, message, now)
    elif not new and not _has_labelled(message.readings):
        return Room(message, ())
    room = CHECKS_MAX - len(host.checks)
    taken: list[CheckReading] = []
    for reading in message.readings:
        if reading.check in new:
            if room <= 0 or not budget.takes_new_check(host):
                budget.refuse(host, PLACES)
                continue
            room -= 1
            new.remove(reading.check)
        if not has_room(host, reading):
            budget.refuse(host, SERIES)
            reading = replace(reading, values=_NO_VALUES)  # noqa: PLW2901 - the same, but smaller
        taken.append(reading)
    return Room(replace(message, readings=taken), freed)


def rows_once(message: Checks) -> Checks:
    """Return a message of checks without the values whose labels it has said before.

    It is the same object where there are none.
    """
    readings = [_rows_once(reading) for reading in message.readings]
    if all(after is before for after, before in zip(readings, message.readings, strict=True)):
        return message
    return replace(message, readings=readings)


def _rows_once(reading: CheckReading) -> CheckReading:
    once: dict[str, Any] = {}
    for name in _OF_ROWS:
        rows = getattr(reading.values, name)
        if rows:
            first = {row[:-1]: row for row in reversed(rows)}
            if len(first) < len(rows):
                once[name] = list(reversed(first.values()))
    return replace(reading, values=replace(reading.values, **once)) if once else reading


def has_room(host: Host, reading: CheckReading) -> bool:
    """Tell whether the labelled values of a check find their places beside all others."""
    more = _rows(reading)
    if not more:
        return True
    known = host.checks.get(reading.check)
    before = 0 if known is None else _rows(known.reading)
    vitals = 0 if host.vitals is None else host.vitals.catalogue.size
    return vitals + labelled_of(host) - before + more <= SERIES_MAX


def labelled_of(host: Host) -> int:
    """Return how many labelled values the checks of a host have."""
    return sum(_rows(known.reading) for known in host.checks.values())


def _free(host: Host, message: Checks, now: float) -> tuple[str, ...]:
    """Free the places of checks that are not said any more, and return their names."""
    said = {reading.check for reading in message.readings}
    freed = tuple(
        name
        for name, known in host.checks.items()
        if name not in said
        and (known.boot != message.boot or now - known.at > patience_s(known.reading.every_s))
    )
    for name in freed:
        del host.checks[name]
    return freed


def _has_labelled(readings: Iterable[CheckReading]) -> bool:
    return any(map(_rows, readings))


def _rows(reading: CheckReading) -> int:
    values = reading.values
    return sum(len(rows) for name in _LABELLED if (rows := getattr(values, name)))
