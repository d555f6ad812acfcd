"""Times at which a source is expected to talk: days of the week, and hours in a time zone.

``Mon-Fri 08:00-22:00``: days are one, a range, or several with commas; without days it is every
day. Hours that end before they begin go on past midnight: they belong to the day of their
beginning. The hours are those of the clock on the wall, also where the clocks change.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from typing import Final, NamedTuple

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAY_MINUTES: Final = 24 * 60
_DAY = f"(?:{'|'.join(_DAYS)})"
_SPAN: Final = re.compile(
    rf"(?:(?P<days>{_DAY}(?:-{_DAY})?(?:,{_DAY}(?:-{_DAY})?)*) +)?"
    r"(?P<begin>[0-2][0-9]:[0-5][0-9])-(?P<end>[0-2][0-9]:[0-5][0-9])",
    re.ASCII,
)


class Span(NamedTuple):
    """Hours of some days: ``days`` from 0 for Monday, and minutes since midnight.

    ``end`` is over a day's where they go on past midnight.
    """

    days: frozenset[int]
    begin: int
    end: int

    def has(self, day: int, minute: int) -> bool:
        """Return whether a minute of a day of the week is within."""
        if day in self.days and self.begin <= minute < self.end:
            return True
        return (day - 1) % 7 in self.days and minute + _DAY_MINUTES < self.end


def span_of(text: str) -> Span:
    """Return the span that a text says; raises ValueError where it says none."""
    found = _SPAN.fullmatch(text.strip())
    begin, end = (_minutes(found[name]) for name in ("begin", "end")) if found else (0, 0)
    if found is None or begin == end or begin >= _DAY_MINUTES or end > _DAY_MINUTES:
        raise ValueError(f'Expected `expected` to be as "Mon-Sun 08:00-22:00", got {text!r:.60}')
    return Span(_days(found["days"]), begin, end if end > begin else end + _DAY_MINUTES)


class Expected:
    """The spans together, by the clock of a zone; none of them means always."""

    def __init__(self, spans: Sequence[str], zone: tzinfo) -> None:
        self._spans = [span_of(text) for text in spans]
        self._zone = zone
        self.words = ", ".join(spans)

    def has(self, wall_s: float) -> bool:
        """Return whether the source is expected to talk at a unixtime."""
        at = datetime.fromtimestamp(wall_s, UTC).astimezone(self._zone)
        minute = at.hour * 60 + at.minute
        return not self._spans or any(span.has(at.weekday(), minute) for span in self._spans)


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _days(text: str | None) -> frozenset[int]:
    """Return the days of a list of days and ranges; a range may go past Sunday."""
    if text is None:
        return frozenset(range(7))
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        begin, end = _DAYS.index(first), _DAYS.index(last or first)
        found |= {(begin + at) % 7 for at in range((end - begin) % 7 + 1)}
    return frozenset(found)
