"""Joins the scripts of a results day: each moment, in the order in which they come."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from venuewatch.demo.results_day import court, hall, reef
from venuewatch.demo.results_day.moments import Moment, Script

DAY = date(2024, 8, 3)
SCRIPTS: Sequence[Script] = (hall.SCRIPT, court.SCRIPT, reef.SCRIPT)
HOSTS = frozenset(script.host for script in SCRIPTS)
CHECK = "results"
"""The name of the check at each host."""

BEGIN = "-09:00:00"


class Event(NamedTuple):
    """A moment of one script, at a time (unixtime)."""

    at_s: float
    script: Script
    moment: Moment


def begin_s() -> float:
    """Return when (unixtime) the first of the systems begins its day."""
    return min(script.unixtime(BEGIN, DAY, ZoneInfo(script.zone)) for script in SCRIPTS)


def events() -> list[Event]:
    """Return the moments of all scripts, in the order in which they come."""
    found = [
        Event(script.unixtime(moment.at, DAY, ZoneInfo(script.zone)), script, moment)
        for script in SCRIPTS
        for moment in script.moments
    ]
    return sorted(found, key=lambda event: event.at_s)


def local_time(script: Script, at_s: float) -> str:
    """Return a unixtime as the clock on the wall of a venue shows it."""
    local = datetime.fromtimestamp(at_s, UTC).astimezone(ZoneInfo(script.zone))
    return f"{local:%a %H:%M:%S}"
