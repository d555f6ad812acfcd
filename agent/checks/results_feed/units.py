"""Tracks the units of competition of a feed: live or not, and their last new data."""

import msgspec

from agent.checks.reading.times import Now
from agent.checks.results_feed.header import Message
from agent.checks.results_feed.sources import is_late

LIVE = "LIVE"
_MAX_UNITS = 512


class Unit(msgspec.Struct):
    """One unit that is or was live.

    ``moved_s``: when its data last moved (monotonic). ``latency_s``: how long that data was on
    its way. ``turned_s`` is the stamp (unixtime) of the newest status.
    """

    code: str
    source: str
    moved_s: float
    latency_s: float = 0.0
    is_live: bool = True
    turned_s: float | None = None

    @property
    def discipline(self) -> str:
        """The first three letters of its code."""
        return self.code[:3]

    def age_s(self, now: Now) -> float:
        """Return how old (s) its data is, by when it came."""
        return max(0.0, now.monotonic_s - self.moved_s)


class Units:
    """All units that were live lately: a bounded number."""

    def __init__(self) -> None:
        self._by_code: dict[tuple[str, str], Unit] = {}

    def hear(self, message: Message, stamp_s: float | None, now: Now) -> Unit | None:
        """Take in a message with data; return its unit, None if that was never live.

        Any status but LIVE ends it: a break, a protest and a signature all let data rest. One
        that was overtaken by a newer one ends and begins nothing.
        """
        key = (message.competition, message.code)
        unit = self._by_code.pop(key, None)
        if unit is None:
            if message.status != LIVE or not message.code:
                return None
            unit = Unit(message.code, message.source, now.monotonic_s, turned_s=stamp_s)
        self._by_code[key] = unit
        if len(self._by_code) > _MAX_UNITS:
            del self._by_code[next(iter(self._by_code))]
        if message.status and not is_late(stamp_s, unit.turned_s):
            if message.status == LIVE and not unit.is_live:
                unit.moved_s = now.monotonic_s
            unit.is_live = message.status == LIVE
            unit.turned_s = stamp_s
        unit.source = message.source
        return unit

    def live(self, source: str | None = None) -> list[Unit]:
        """Return the live units, of one source or of all, the one with the oldest data first."""
        found = (
            unit
            for unit in self._by_code.values()
            if unit.is_live and (source is None or unit.source == source)
        )
        return sorted(found, key=lambda unit: unit.moved_s)

    def late(self, limit_s: float, now: Now) -> list[Unit]:
        """Return the units whose newest data took over ``limit_s`` to come, the latest first.

        A unit that has ended counts for another ``limit_s``.
        """
        found = (
            unit
            for unit in self._by_code.values()
            if unit.latency_s > limit_s and (unit.is_live or unit.age_s(now) <= limit_s)
        )
        return sorted(found, key=lambda unit: -unit.latency_s)

    def close(self, source: str) -> None:
        """Forget the units of a source whose window has closed."""
        gone = [key for key, unit in self._by_code.items() if unit.source == source]
        for key in gone:
            del self._by_code[key]
