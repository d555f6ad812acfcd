"""Tracks the sources of a feed: their talking windows, and their last messages."""

from agent.checks.reading.times import Now
from agent.checks.results_feed.clock import Calendar, Skew
from agent.checks.results_feed.header import Message
from agent.checks.results_feed.windows import Windows

MAX_SOURCES = 64


class Source:
    """One source, and its talking windows.

    ``heard`` is its newest message of any type, ``sound_s`` when one was whole (monotonic).
    ``skew`` is of all its messages, ``current`` of those that were of their day.
    """

    def __init__(self, name: str, now: Now) -> None:
        self.name = name
        self.windows = Windows()
        self.heard = now
        self.sound_s = now.monotonic_s
        self.skew = Skew()
        self.current = Skew()

    def __str__(self) -> str:
        return self.name or "the source"

    def hear(
        self, message: Message, stamp_s: float | None, now: Now, *, is_current: bool = True
    ) -> None:
        """Take in a message that it stamped ``stamp_s`` (unixtime)."""
        self.heard = max(self.heard, now)
        if not message.broken:
            self.sound_s = max(self.sound_s, now.monotonic_s)
        if stamp_s is not None:
            self.skew.hear(stamp_s - now.wall_s, now)
            if is_current:
                self.current.hear(stamp_s - now.wall_s, now)

    def latency_of(self, stamp_s: float | None, now: Now) -> float:
        """Return how long (s) a message stamped ``stamp_s`` was on its way; 0 without a stamp."""
        if stamp_s is None:
            return 0.0
        return max(0.0, now.wall_s - stamp_s + self.skew.best_s)

    def quiet_s(self, now: Now) -> float:
        """Return how long (s) nothing was heard of it."""
        return max(0.0, now.monotonic_s - self.heard.monotonic_s)

    def is_broken_for(self, limit_s: float, now: Now) -> bool:
        """Return whether only broken messages came of it for longer than ``limit_s``."""
        return self.heard.monotonic_s > self.sound_s and now.monotonic_s - self.sound_s > limit_s

    def end_days(self, calendar: Calendar, now: Now, live: frozenset[str]) -> list[str]:
        """Close the windows whose logical day ended in silence; return their disciplines.

        A source that went quiet with a live unit of a discipline in ``live`` is not let off by the
        next day, only by the one after it.
        """
        heard_s = now.wall_s - self.quiet_s(now)
        days = (calendar.today(now.wall_s) - calendar.today(heard_s)).days
        return self.windows.end_days(days, live) if days else []


class Sources:
    """All sources of a feed, by name: a bounded number. ``forgotten`` is how many were too many."""

    def __init__(self) -> None:
        self.forgotten = 0
        self._by_name: dict[str, Source] = {}

    def heard_s(self, name: str) -> float:
        """Return when a source was last heard (monotonic); long ago if it is not remembered."""
        source = self._by_name.get(name)
        return float("-inf") if source is None else source.heard.monotonic_s

    def named(self, name: str) -> str:
        """Return the name of a message's source; what has none is of the only one there is."""
        return next(iter(self._by_name)) if not name and len(self._by_name) == 1 else name

    def lead_s(self, name: str) -> float:
        """Return how far (s) the clock of a source is ahead, 0 if that is not known."""
        source = self._by_name.get(name)
        return 0.0 if source is None else source.skew.best_s

    def steady_lead_s(self, name: str) -> float:
        """Return the same; what is behind for less than a minute has waited in a queue."""
        source = self._by_name.get(name)
        return 0.0 if source is None else source.skew.steady_s

    def current_lead_s(self, name: str) -> float:
        """Return the same, by the messages that were of their day."""
        source = self._by_name.get(self.named(name))
        return 0.0 if source is None else source.current.best_s

    def hear(
        self, message: Message, stamp_s: float | None, now: Now, *, is_current: bool = True
    ) -> Source:
        """Take in a message, and return its source."""
        source = self._by_name.pop(message.source, None) or Source(message.source, now)
        self._by_name[message.source] = source  # the last one to speak is the last one to go
        source.hear(message, stamp_s, now, is_current=is_current)
        if len(self._by_name) > MAX_SOURCES:
            self._forget(source)
        return source

    def open(self) -> list[Source]:
        """Return those inside their talking window, the longest quiet first."""
        found = (source for source in self._by_name.values() if source.windows.is_any_open)
        return sorted(found, key=lambda source: source.heard)

    def _forget(self, speaking: Source) -> None:
        """Forget one other source: one outside its talking windows, as long as there is any."""
        others = [each for each in self._by_name.values() if each is not speaking]
        closed = (each for each in others if not each.windows.is_any_open)
        del self._by_name[next(closed, others[0]).name]
        self.forgotten += 1

    def worst_clock(self) -> tuple[str, float | None]:
        """Return the source with the most wrong clock, and how far (s) it is ahead.

        None if none is known.
        """
        known = [(str(source), source.skew.ahead_s) for source in self._by_name.values()]
        told = [(name, ahead_s) for name, ahead_s in known if ahead_s is not None]
        return max(told, key=lambda it: abs(it[1]), default=("", None))
