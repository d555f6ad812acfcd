"""Keeps what the messages of a stream have said of their source, and when that last changed.

Times are moments of the agent's own clocks. A number that goes back is a source that began again:
it moves, and nothing is missing between.
"""

import math
from typing import Final

from agent.checks.reading.times import Now
from agent.checks.results_feed.clock import Skew
from agent.checks.streams.facts import Facts

_ROTATION: Final = 8  # a scoreboard sends so many kinds of messages by turns
_CRUMBS_MAX: Final = 8  # so many readable messages end any run of broken ones
_NOTHING: Final = Facts()
_GAP_MAX: Final = 10_000  # a larger jump is another count, and tells of no loss


class Source:
    """All that is known of one source. A moment is None before its first time.

    ``has_frames``: else any byte is life, and data. ``sees_all``: a number that is left out never
    came; else messages may have been between.
    """

    def __init__(self, *, has_frames: bool = True, sees_all: bool = True) -> None:
        self._has_frames = has_frames
        self._sees_all = sees_all
        self.bytes = self.messages = self.oversized = self.broken = 0
        self.gaps = self.regressions = 0
        self.number: float | None = None
        self.clock: str | None = None
        self.running: bool | None = None
        self.word = ""
        self.broken_why = ""
        self.latency_s: float | None = None
        self.first: Now | None = None
        """The first byte of all."""
        self.heard: Now | None = None
        """The last one."""
        self.lived: Now | None = None
        """A message that ended, whatever it was."""
        self.sound: Now | None = None
        """A message that could be read: the last good one."""
        self.unread_since: Now | None = None
        """The first message of a run of those that are broken, or too long."""
        self.broken_last: Now | None = None
        self.oversized_last: Now | None = None
        self.stamped: Now | None = None
        """A message whose stamp is another than the one before."""
        self.moved_by: dict[str, Now] = {}
        """``data`` (a message that is no mere sign of life), ``number``, ``clock``, ``frame``
        (one that is not among the last few) and ``running`` (it began to run)."""
        self.skew = Skew()
        self._stamp_s: float | None = None
        self._excess = 0  # of broken messages over those that say nothing
        self._recent: dict[int, None] = {}

    def hear_bytes(self, count: int, now: Now) -> None:
        """Take in that bytes came, of whatever kind."""
        self.bytes += count
        self.heard = now
        self.first = self.first or now
        if not self._has_frames:
            self.lived = self.sound = self.moved_by["data"] = now

    def hear_oversized(self, count: int, now: Now) -> None:
        """Take in that messages ended that were too long to be read."""
        if not count:
            return
        self.oversized += count
        self.oversized_last = self.heard = self.lived = now
        if self._has_frames:
            self.unread_since = self.unread_since or now

    def hear_blanks(self, count: int, now: Now) -> None:
        """Take in that messages ended with nothing in them: a sign of life, as some boxes give."""
        if count:
            self.lived = now

    def hear_no_content(self, now: Now) -> None:
        """Take in a whole piece with nothing in it: who sends it lives; a page should have more."""
        if self._sees_all:
            self.hear_blanks(1, now)
        else:
            self.hear(b"", Facts(broken="is empty"), now)

    def hear(self, content: bytes, said: Facts, now: Now) -> None:
        """Take in a message, and what it said."""
        self.heard = self.lived = now
        if said.broken:
            self.broken += 1
            self.broken_why = said.broken
            self.unread_since = self.unread_since or now
            self.broken_last = now
            self._excess = min(self._excess + 1, _CRUMBS_MAX)
            return
        self._excess = max(self._excess - 1, 0) if said == _NOTHING else 0
        if not self._excess:  # else a crumb: noise is text now and then
            self.sound, self.unread_since = now, None
        self._hear_stamp(said.stamp_s, now)
        if said.word:
            self._hear_running(said, now)
        if said.number is not None:
            self._hear_number(said.number, now)
        if said.clock is not None and said.clock != self.clock:
            self.clock = said.clock
            self.moved_by["clock"] = now
        if not said.is_alive:
            self.messages += 1
            self.moved_by["data"] = now
            self._hear_content(content, now)

    @property
    def moved(self) -> Now | None:
        """When its data last moved: by its number, else by its clock, else by any of its data."""
        named = [name for name in ("number", "clock") if name in self.moved_by]
        return self.moved_by.get(named[0] if named else "data")

    def _hear_running(self, said: Facts, now: Now) -> None:
        self.word = said.word
        if said.running is None:
            return
        if said.running and not self.running:
            self.moved_by["running"] = now
        self.running = said.running

    def _hear_number(self, number: float, now: Now) -> None:
        if number == self.number:
            return
        if self.number is not None and number < self.number:
            self.regressions += 1
        elif self.number is not None and self._sees_all:
            missing = math.floor(number) - math.floor(self.number) - 1
            self.gaps += missing if 0 < missing <= _GAP_MAX else 0
        self.number = number
        self.moved_by["number"] = now

    def _hear_stamp(self, stamp_s: float | None, now: Now) -> None:
        """Take in when a message was sent; the same time again is the same message again."""
        if stamp_s is None or stamp_s == self._stamp_s:
            return
        self._stamp_s = stamp_s
        ahead_s = stamp_s - now.wall_s
        self.skew.hear(ahead_s, now)
        self.latency_s = self.skew.best_s - ahead_s
        self.stamped = now

    def _hear_content(self, content: bytes, now: Now) -> None:
        key = hash(content)
        if key in self._recent:
            del self._recent[key]
        else:
            self.moved_by["frame"] = now
        self._recent[key] = None  # as the newest
        if len(self._recent) > _ROTATION:
            del self._recent[next(iter(self._recent))]
