"""Times for people: a moment with its zone, the venue's own time where it differs, and durations.

The centre's zone is the one of the machine where the command runs.
"""

import zoneinfo
from datetime import UTC, datetime, tzinfo

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3_600, 86_400


def moment(at: float, now: float, zone: str = "") -> str:
    """Return a moment (s since 1970) in the centre's zone, and of a venue's where it differs.

    The date is left out where it is that of ``now``. ``zone`` is the venue's, by its IANA name; one
    that this machine does not know is left out.
    """
    here = datetime.fromtimestamp(at, UTC).astimezone()
    is_today = here.date() == datetime.fromtimestamp(now, UTC).astimezone().date()
    shown = f"{here:%H:%M:%S %Z}" if is_today else f"{here:%Y-%m-%d %H:%M:%S %Z}"
    there = None if not zone else _zone(zone)
    if there is None:
        return shown
    venue = here.astimezone(there)
    if venue.utcoffset() == here.utcoffset():
        return shown
    day = f"{venue:%Y-%m-%d} " if venue.date() != here.date() else ""
    return f"{shown} (venue {day}{venue:%H:%M:%S %Z})"


def lasted(seconds: float) -> str:
    """Return a duration in its two largest units."""
    whole = max(0, round(seconds))
    if whole < _MINUTE_S:
        return f"{whole} s"
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S} min {whole % _MINUTE_S} s"
    if whole < _DAY_S:
        return f"{whole // _HOUR_S} h {whole % _HOUR_S // _MINUTE_S} min"
    return f"{whole // _DAY_S} d {whole % _DAY_S // _HOUR_S} h"


def _zone(name: str) -> tzinfo | None:
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None
