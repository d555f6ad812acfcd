"""Time stamps as programs write them, out of a text; pure. What can't be read is None."""

import re
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Final

_BLANKS: Final = " \t\r\n\v\f\0"
_UNIX: Final = re.compile(r"([0-9]{9,10})(\.[0-9]{1,9})?|([0-9]{12,13})|([0-9]{16})|([0-9]{19})")
_TICKS: Final = re.compile(r"[0-9]{18}")  # of .NET: 100 ns since the year 1
_TICKS_TO_1970: Final = 621_355_968_000_000_000
_WRAPPED: Final = re.compile(r"/Date\((-?[0-9]+)(?:[+-][0-9]{4})?\)/")  # of .NET, in ms
_COMPACT: Final = re.compile(r"([0-9]{8})([0-9]{6})(.*)")
_DAY_AND_TIME: Final = re.compile(r"([0-9]{4})[-/.]?([0-9]{2})[-/.]?([0-9]{2})[T_ ]+([0-9].*)")
_TIME: Final = re.compile(
    r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?(?: ?([AP])\.?M\.?)?",
    re.IGNORECASE,
)
_TIME_OF_DIGITS: Final = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{2})(?:[.,]([0-9]{1,9}))?()")
_NOON: Final = 12
_MAX_CHARACTERS: Final = 64
_YEARS: Final = range(2000, 2200)
_MIN_S: Final = datetime(_YEARS[0], 1, 1, tzinfo=UTC).timestamp()
_MAX_S: Final = datetime(_YEARS[-1], 12, 31, tzinfo=UTC).timestamp()


def stamp_of(text: str, zone: tzinfo, near_s: float) -> float | None:
    """Return the unixtime (s) that a text names, of the years 2000 to 2199.

    It is ISO 8601, with or without its dashes, ``T`` and colons, and with a zone or without: then
    it is local in ``zone``. Or it is unixtime in s, ms, µs or ns, or .NET's ticks. Or it is a time
    of day, also of 12 hours, then of the day that puts it nearest to ``near_s`` (unixtime). A day
    alone is no stamp.
    """
    text = text.strip(_BLANKS)
    if len(text) > _MAX_CHARACTERS or not text.isascii():
        return None
    try:
        found = _unix(text)
        if found is None:
            found = _of_day(text, zone, near_s)
        if found is None:
            found = _iso(text, zone, near_s)
    except (ValueError, OverflowError):
        return None
    return found if found is not None and _MIN_S <= found <= _MAX_S else None


def _unix(text: str) -> float | None:
    if wrapped := _WRAPPED.fullmatch(text):
        return int(wrapped[1]) / 1e3
    if _TICKS.fullmatch(text):
        return (int(text) - _TICKS_TO_1970) / 1e7
    found = _UNIX.fullmatch(text)
    if found is None:
        return None
    for group, scale in ((1, 1.0), (3, 1e3), (4, 1e6), (5, 1e9)):
        if found[group] is not None:
            return float(text) / scale
    return None


def _of_day(text: str, zone: tzinfo, near_s: float) -> float | None:
    found = _TIME.fullmatch(text) or _TIME_OF_DIGITS.fullmatch(text)
    if found is None:
        return None
    fraction_us = int(f"{found[4] or '':0<6}"[:6])
    hours = int(found[1])
    if found[5]:
        if not 1 <= hours <= _NOON:
            return None
        hours = hours % _NOON + (_NOON if found[5] in "pP" else 0)
    hour = time(hours, int(found[2]), int(found[3] or 0), fraction_us)
    today = datetime.fromtimestamp(near_s, zone).date()
    days = (today + timedelta(days=each) for each in (-1, 0, 1))
    return min(
        (_local(datetime.combine(day, hour), zone, near_s) for day in days),
        key=lambda each: abs(each - near_s),
    )


def _iso(text: str, zone: tzinfo, near_s: float) -> float | None:
    if compact := _COMPACT.fullmatch(text):
        text = f"{compact[1]}T{compact[2]}{compact[3]}"
    parts = _DAY_AND_TIME.fullmatch(text)
    if parts is None:
        return None
    hour = parts[4].replace(" ", "")
    found = datetime.fromisoformat(f"{parts[1]}-{parts[2]}-{parts[3]}T{hour}")
    return _local(found, zone, near_s) if found.tzinfo is None else found.timestamp()


def _local(local: datetime, zone: tzinfo, near_s: float) -> float:
    """Return the unixtime of a local time; of the two of one that comes twice, the nearer."""
    both = (local.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1))
    return min(both, key=lambda each: abs(each - near_s))
