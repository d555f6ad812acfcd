"""Times of a results feed: the agent's, the source's, and its logical day.

A source gives local time without a zone, by a clock that may be wrong. Ages are counted on the
agent's monotonic clock; the wall clock only interprets the source's times.
"""

import os
from collections import deque
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from agent.checks.reading.times import Now

_SKEW_MINUTES = 10  # after a source's clock was set, its old error is forgotten in this time
_BELIEVED_AFTER = 5  # messages
_QUARTER_S = 900.0  # all zones differ by whole quarters of an hour
_NEAR_QUARTER_S = 15.0
_SET_S = 2.0  # by so much this machine's clock was set, not slewed


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone.

    Raises:
        ValueError: this machine does not know it.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        known = "an IANA name such as Europe/Paris that this machine knows"
        where = "; Windows knows none before `pip install tzdata`" if os.name == "nt" else ""
        raise ValueError(f"Expected `zone` to be {known}, got {name!r}{where}") from None


class Calendar:
    """The zone of a source, and when its logical day ends."""

    def __init__(self, zone: tzinfo, day_ends: time) -> None:
        self.zone = zone
        self._day_ends = timedelta(hours=day_ends.hour, minutes=day_ends.minute)

    def unixtime_of(self, stamp: datetime, near_s: float) -> float:
        """Return when a local ``stamp`` was, in unixtime.

        An hour that a change of the clocks repeats is the one nearer to ``near_s``.
        """
        either = [stamp.replace(tzinfo=self.zone, fold=fold).timestamp() for fold in (0, 1)]
        return min(either, key=lambda at_s: abs(at_s - near_s))

    def logical_date_of(self, stamp: datetime) -> date:
        """Return the logical day that a local ``stamp`` belongs to."""
        return (stamp - self._day_ends).date()

    def today(self, wall_s: float) -> date:
        """Return the logical day at the unixtime ``wall_s``."""
        local = datetime.fromtimestamp(wall_s, UTC).astimezone(self.zone)
        return self.logical_date_of(local.replace(tzinfo=None))

    def day_began(self, wall_s: float) -> float:
        """Return when the logical day of the unixtime ``wall_s`` began, in unixtime."""
        midnight = datetime.combine(self.today(wall_s), time())
        return self.unixtime_of(midnight + self._day_ends, wall_s)


class Skew:
    """The lead (s) of a source's clock over this machine's, from its recent messages.

    A message can only be late, so the earliest one tells: the largest of stamp minus arrival. A
    source that is behind looks like one whose messages are all late. Either way its data is judged
    as by the right clock, and the lead itself is the finding: it is told after a few messages. What
    was learnt before this machine's clock was set is by another clock, and forgotten.
    """

    def __init__(self) -> None:
        self._best_by_minute: deque[tuple[int, float]] = deque(maxlen=_SKEW_MINUTES)
        self._messages = 0
        self._boot_s: float | None = None  # by the wall clock

    def hear(self, ahead_s: float, now: Now) -> None:
        """Count a message whose stamp was ``ahead_s`` later than its arrival."""
        boot_s = now.wall_s - now.monotonic_s
        if self._boot_s is not None and abs(boot_s - self._boot_s) > _SET_S:
            self._best_by_minute.clear()
            self._messages = 0
        self._boot_s = boot_s
        self._messages += 1
        minute = int(now.monotonic_s // 60)
        if self._best_by_minute and self._best_by_minute[-1][0] == minute:
            ahead_s = max(ahead_s, self._best_by_minute.pop()[1])
        self._best_by_minute.append((minute, ahead_s))

    @property
    def best_s(self) -> float:
        """The lead by which data is judged; 0 before any message."""
        return max((ahead_s for _, ahead_s in self._best_by_minute), default=0.0)

    @property
    def steady_s(self) -> float:
        """The lead that is no queue which empties: a clock is behind in several minutes."""
        return self.best_s if len(self._best_by_minute) > 1 else max(self.best_s, 0.0)

    @property
    def ahead_s(self) -> float | None:
        """The lead that is told; None before any message."""
        if not self._best_by_minute:
            return None
        return self.best_s if self._messages >= _BELIEVED_AFTER else max(self.best_s, 0.0)


def in_words(ahead_s: float) -> str:
    """Return how wrong a clock is, and the likely reason."""
    side = "ahead" if ahead_s > 0 else "behind"
    quarters = round(ahead_s / _QUARTER_S)
    if quarters and abs(ahead_s - quarters * _QUARTER_S) <= _NEAR_QUARTER_S:
        why = "whole quarter hours: is `zone` right?"
    elif ahead_s < 0:
        why = "is its clock wrong, or do its messages wait in a queue?"
    else:
        why = "is its clock wrong?"
    return f"{abs(ahead_s):.0f} s {side}; {why}"
