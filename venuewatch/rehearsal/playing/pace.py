"""Says when a scenario may begin that is played by the clock of its run sheet."""

from collections.abc import Iterable

from venuewatch.rehearsal.plan.sheet import Row


def moments(rows: Iterable[Row]) -> dict[int, float]:
    """Return when (s) the slot of each scenario begins, counted from the first one of the plan.

    A day begins with its first slot, and the next day begins as soon as its last one is over: the
    nights are left out.
    """
    days: dict[int, list[Row]] = {}
    for row in rows:
        days.setdefault(row.day, []).append(row)
    found: dict[int, float] = {}
    begins_at = 0.0
    for _, theirs in sorted(days.items()):
        first = min(row.starts_at for row in theirs)
        found |= {row.scenario.number: begins_at + row.starts_at - first for row in theirs}
        begins_at += max(row.ends_at for row in theirs) - first
    return found
