"""Tracks the sources of a feed: their talking windows, and their last messages."""

from agent.checks.reading.times import Now
from agent.checks.results_feed.clock import Calendar, Skew
from agent.checks.results_feed.header import Message

LOCAL_ON, LOCAL_OFF, KEEP_ALIVE = "DT_LOCAL_ON", "DT_LOCAL_OFF", "DT_KA"
SIGNS = frozenset({LOCAL_ON, LOCAL_OFF, KEEP_ALIVE})
"""The types that say something of the source; all others carry data."""

REORDERED_S = 600.0  # a message so much older than another is no late one: the clock was set
_MAX_SOURCES = 64


class Source:
    """One source, and its talking window.

    ``is_open`` is None while it can't be known: before its first message, and after a logical
    day that ended in silence. ``heard`` is its newest message of any type, ``sound_s`` when
    one was whole (monotonic).
    """

    def __init__(self, name: str, now: Now) -> None:
        self.name = name
        self.is_open: bool | None = None
        self.heard = now
        self.sound_s = now.monotonic_s
        self.skew = Skew()
        self._turned_s: float | None = None

    def __str__(self) -> str:
        return self.name or "the source"

    def hear(self, message: Message, stamp_s: float | None, now: Now) -> None:
        """Take in a message that it stamped ``stamp_s`` (unixtime)."""
        self.heard = max(self.heard, now)
        if not message.broken:
            self.sound_s = max(self.sound_s, now.monotonic_s)
        if stamp_s is not None:
            self.skew.hear(stamp_s - now.wall_s, now)
        if is_late(stamp_s, self._turned_s):
            return
        if message.type in (LOCAL_ON, LOCAL_OFF):
            self.is_open = message.type == LOCAL_ON
            self._turned_s = stamp_s
        elif self._reopens(message, stamp_s):
            self.is_open = True

    def latency_of(self, stamp_s: float | None, now: Now) -> float:
        """Return how long (s) a message stamped ``stamp_s`` was on its way; 0 without a stamp."""
        if stamp_s is None:
            return 0.0
        return max(0.0, now.wall_s - stamp_s + (self.skew.ahead_s or 0.0))

    def quiet_s(self, now: Now) -> float:
        """Return how long (s) nothing was heard of it."""
        return max(0.0, now.monotonic_s - self.heard.monotonic_s)

    def is_broken_for(self, limit_s: float, now: Now) -> bool:
        """Return whether only broken messages came of it for longer than ``limit_s``."""
        return self.heard.monotonic_s > self.sound_s and now.monotonic_s - self.sound_s > limit_s

    def end_day(self, calendar: Calendar, now: Now, *, is_live: bool) -> bool:
        """Close the window if its logical day ended in silence; return whether it did.

        A source with a live unit that went quiet is not let off by the next day, only by the
        one after it.
        """
        if not self.is_open:
            return False
        heard_s = now.wall_s - self.quiet_s(now)
        days = (calendar.today(now.wall_s) - calendar.today(heard_s)).days
        if days < (2 if is_live else 1):
            return False
        self.is_open = None
        return True

    def _reopens(self, message: Message, stamp_s: float | None) -> bool:
        """Return whether a message shows a window whose beginning was not heard.

        Data never opens a window that was closed, and a result that is signed late never opens
        one at all.
        """
        if self.is_open is None:
            return message.type == KEEP_ALIVE or message.status in ("", "LIVE")
        is_newer = stamp_s is not None and self._turned_s is not None and stamp_s > self._turned_s
        return message.type == KEEP_ALIVE and is_newer


class Sources:
    """All sources of a feed, by name: a bounded number."""

    def __init__(self) -> None:
        self._by_name: dict[str, Source] = {}

    def heard_s(self, name: str) -> float:
        """Return when a source was last heard (monotonic); long ago if it is not remembered."""
        source = self._by_name.get(name)
        return float("-inf") if source is None else source.heard.monotonic_s

    def hear(self, message: Message, stamp_s: float | None, now: Now) -> Source:
        """Take in a message, and return its source."""
        source = self._by_name.pop(message.source, None) or Source(message.source, now)
        self._by_name[message.source] = source  # the last one to speak is the last one to go
        if len(self._by_name) > _MAX_SOURCES:
            del self._by_name[next(iter(self._by_name))]
        source.hear(message, stamp_s, now)
        return source

    def open(self) -> list[Source]:
        """Return those inside their talking window, the longest quiet first."""
        found = (source for source in self._by_name.values() if source.is_open)
        return sorted(found, key=lambda source: source.heard)

    def worst_skew_s(self) -> float | None:
        """Return how far the most wrong clock of them is ahead (s); None if none is known."""
        known = [source.skew.ahead_s for source in self._by_name.values()]
        return max((skew for skew in known if skew is not None), key=abs, default=None)


def is_late(stamp_s: float | None, known_s: float | None) -> bool:
    """Return whether a message is overtaken by what is known: stamped a little before it."""
    return stamp_s is not None and known_s is not None and 0 < known_s - stamp_s < REORDERED_S
