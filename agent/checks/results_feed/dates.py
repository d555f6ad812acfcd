"""Judges the logical dates of a feed's messages.

1. A message belongs to the logical day of its date and time: past midnight it is still the day
   before.
2. A session that runs past the end of its logical day keeps its date: the day before is right, too,
   while that was heard without a long rest, until the morning.
"""

from datetime import date, datetime, timedelta

from agent.checks.reading.times import Now
from agent.checks.results_feed.clock import Calendar
from agent.checks.results_feed.header import Message

_RESTS_S = 3600.0  # for so long a session may say nothing
_ENDS_AFTER = timedelta(hours=6)  # even the longest one is over so long after the end of its day
_MAX_DATES = 8  # two are usual; what is sent again may have others


class LogicalDates:
    """Remembers which dates were right lately: a bounded number."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._right_s: dict[date, float] = {}

    def hear(self, message: Message, now: Now) -> str:
        """Take in a message; return what is wrong with its logical date, "" for a right one."""
        said, stamp = message.logical_date, message.stamp
        if said is None or stamp is None:
            return ""
        fitting = self._calendar.logical_date_of(stamp)
        if said != fitting and not self._goes_on(said, fitting, stamp, now):
            return f"logical date {said}, expected {fitting}"
        self._right_s.pop(said, None)
        self._right_s[said] = now.monotonic_s
        if len(self._right_s) > _MAX_DATES:
            del self._right_s[next(iter(self._right_s))]
        return ""

    def _goes_on(self, said: date, fitting: date, stamp: datetime, now: Now) -> bool:
        """Tell whether a session of the day before may still be under way."""
        rested_s = now.monotonic_s - self._right_s.get(said, float("-inf"))
        is_day_before = said == fitting - timedelta(days=1)
        return is_day_before and rested_s <= _RESTS_S and self._is_night(stamp)

    def _is_night(self, stamp: datetime) -> bool:
        """Tell whether the logical day of a local time has not been under way for long."""
        day = self._calendar.logical_date_of(stamp)
        return self._calendar.logical_date_of(stamp - _ENDS_AFTER) < day
