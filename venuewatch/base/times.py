"""Times for people: a moment with its zone, a venue's own time where it differs, and durations.

The centre's zone is the one of the machine that shows a time, unless another is given.
"""

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3_600, 86_400
_MINUS = "−"  # noqa: RUF001 - no line of a page is broken at it


class Zoned(NamedTuple):
    """A moment in a zone: its time of day, its zone's short name, and a date if it needs one."""

    time: str
    zone: str
    date: str
    iso: str

    def __str__(self) -> str:
        """Return all of it, as text."""
        return f"{self.date} {self.time} {self.zone}".strip()


def zoned(at: float, zone: tzinfo | None, now: float | None = None) -> Zoned:
    """Return a moment ``at`` (s since 1970) in ``zone``; None is the zone of this machine.

    Its date is there unless it is that of ``now`` in the zone, with the year if that is another.
    """
    moment = datetime.fromtimestamp(at, UTC).astimezone(zone)
    today = None if now is None else datetime.fromtimestamp(now, UTC).astimezone(zone).date()
    date = "" if moment.date() == today else f"{moment.day} {moment:%b}"
    if date and today is not None and moment.year != today.year:
        date += f" {moment.year}"
    return Zoned(f"{moment:%H:%M:%S}", _zone_name(moment), date, moment.isoformat(" ", "seconds"))


def moment(at: float, now: float, venue_zone: str = "") -> str:
    """Return a moment (s since 1970) in the centre's zone, and in a venue's where it differs.

    ``venue_zone`` is its IANA name; one that this machine does not know is left out. The signs are
    those that every terminal has.
    """
    here = zoned(at, None, now)
    there = zone_of(venue_zone)
    if there is None or offset_s(there, at) == offset_s(None, at):
        return _plain(here)
    of_venue = zoned(at, there)
    if of_venue.iso[:10] == here.iso[:10]:
        of_venue = of_venue._replace(date="")
    return f"{_plain(here)} (venue {_plain(of_venue)})"


def offset_s(zone: tzinfo | None, at: float) -> int:
    """Return how far (s) the clocks of ``zone`` are ahead of UTC at a moment."""
    offset = datetime.fromtimestamp(at, UTC).astimezone(zone).utcoffset()
    return 0 if offset is None else int(offset / timedelta(seconds=1))


@lru_cache(maxsize=1000)
def zone_of(name: str) -> tzinfo | None:
    """Return the zone of that name, as the inventory has it; None if there is no such zone."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # what is no name, and what is no zone
        return None


def duration(length_s: float) -> str:
    """Return a duration in two units at most: ``4 min 12 s``."""
    whole = max(0, int(length_s))
    if whole < _MINUTE_S:
        return f"{whole} s"
    if whole < _HOUR_S:
        minutes, seconds = divmod(whole, _MINUTE_S)
        return f"{minutes} min {seconds:02} s"
    if whole < _DAY_S:
        hours, rest = divmod(whole, _HOUR_S)
        return f"{hours} h {rest // _MINUTE_S:02} min"
    days, rest = divmod(whole, _DAY_S)
    return f"{days} d {rest // _HOUR_S} h"


def _plain(moment: Zoned) -> str:
    return str(moment).replace(_MINUS, "-")


def _zone_name(moment: datetime) -> str:
    name = moment.tzname() or "UTC"
    return name if name[:1] not in "+-" else f"UTC{name.replace('-', _MINUS)}"
