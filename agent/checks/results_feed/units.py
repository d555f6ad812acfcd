"""Tracks the units of competition of a feed: live or not, and their last new data.

1. A unit has a code, trailing dashes aside, that does not end at its event or discipline.
2. A result, a current score or a play by play that says LIVE begins it.
3. Any other status of a result or of a current score ends it: a break, a protest and a signature
   all let data rest. Secondary documents and statistics end nothing, whatever they say.
   What says LIVE soon after an end was on its way, but for a result after a break. A play by play
   is written after the end, too, and begins no unit again.
4. The schedule ends it, too, or interrupts it: no data is expected then, and none is missing. It
   goes on with the schedule's RUNNING, or once live data that is clearly newer has come for a
   while: one message is a score that is corrected while all wait. A unit that is not live yet may
   have to wait, too.
5. Each message of its code that is new moves its data. So does one of a part of it: a match of two
   teams rests while one of its bouts is played.
"""

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from agent.checks.reading.times import Now
from agent.checks.results_feed.header import Message
from agent.checks.results_feed.windows import ANY, discipline_of, is_late

LIVE = "LIVE"
ENDING = frozenset({"DT_RESULT", "DT_CURRENT"})
BEGINNING = ENDING | {"DT_PLAY_BY_PLAY"}
INTERRUPTED = frozenset({"INTERRUPTED", "DELAYED", "POSTPONED"})
ENDED = frozenset({"FINISHED", "CANCELLED", "RESCHEDULED", "UNSCHEDULED"})
RUNNING = "RUNNING"

MAX_UNITS = 512
_CODE, _PART = 34, 2  # characters of a whole code, and of the part of a unit at its end
_NO_UNIT = "-" * 8  # the last eight characters of a code are its unit
_RESUMED_S = 60.0
_ENDING_S = 60.0  # in which live data of a unit that has ended may still come
_PLAYS_ON_S = 600.0  # two live messages of a unit that goes on are not further apart


def _no_lead(_source: str) -> float:
    return 0.0


class _Wait(NamedTuple):
    """What a schedule of ``source`` says of a unit that is not live, stamped ``at_s``."""

    word: str
    at_s: float | None
    source: str


class Unit(msgspec.Struct):
    """One unit that is or was live.

    ``moved_s``: when its data last moved (monotonic). ``latency_s``: how long that data was on
    its way. ``is_called_off``: the schedule ended it. ``turned_s`` is the stamp (unixtime) of the
    newest status. ``interrupted`` is the
    word of the schedule, "" while data is expected, and ``interrupted_s`` its stamp. Behind it,
    ``plays_s`` and ``played_s`` are the stamps of the first and the newest live message. All stamps
    are by the clock of ``source``.
    """

    code: str
    source: str
    moved_s: float
    latency_s: float = 0.0
    is_live: bool = True
    is_called_off: bool = False
    turned_s: float | None = None
    interrupted: str = ""
    interrupted_s: float | None = None
    plays_s: float | None = None
    played_s: float = 0.0

    @property
    def discipline(self) -> str:
        """The first three letters of its code."""
        return discipline_of(self.code)

    def age_s(self, now: Now) -> float:
        """Return how old (s) its data is, by when it came."""
        return max(0.0, now.monotonic_s - self.moved_s)


class Units:
    """All units that were live lately: a bounded number. ``forgotten`` counts those too many."""

    def __init__(self) -> None:
        self.forgotten = 0
        self._by_code: dict[tuple[str, str], Unit] = {}
        self._waiting: dict[tuple[str, str], _Wait] = {}

    def hear(
        self,
        message: Message,
        stamp_s: float | None,
        now: Now,
        lead_s: Callable[[str], float] = _no_lead,
    ) -> Unit | None:
        """Take in a message with data; return its unit, None if that was never live.

        One that was overtaken by a newer one ends and begins nothing.
        """
        key = (message.competition, _bare(message.code))
        unit = self._by_code.pop(key, None)
        if unit is None:
            if not is_of_live_unit(message):
                return None
            unit = Unit(message.code, message.source, now.monotonic_s, turned_s=stamp_s)
            if wait := self._waiting.pop(key, None):
                unit.interrupted = wait.word
                unit.interrupted_s = _by(unit.source, wait.at_s, wait.source, lead_s)
        elif unit.source != message.source:
            _take_over(unit, message.source, lead_s)
        self._by_code[key] = unit
        if len(self._by_code) > MAX_UNITS:
            self.forgotten += 1
            del self._by_code[next(iter(self._by_code))]
        if _tells(message, unit, stamp_s) and not is_late(stamp_s, unit.turned_s):
            if message.status == LIVE and not unit.is_live:
                unit.moved_s = now.monotonic_s
            unit.is_live = message.status == LIVE
            unit.turned_s, unit.is_called_off = stamp_s, False
        if unit.interrupted and is_of_live_unit(message) and _plays_on(stamp_s, unit):
            unit.interrupted = ""
        return unit

    def whole_of(self, message: Message) -> Unit | None:
        """Return the unit that the unit of a message is a part of, if it was live."""
        if len(_bare(message.code)) != _CODE:
            return None
        return self._by_code.get((message.competition, _bare(message.code[:-_PART])))

    def schedule(
        self,
        message: Message,
        stamp_s: float | None,
        now: Now,
        lead_s: Callable[[str], float] = _no_lead,
    ) -> None:
        """Take in what a schedule says of units; of those not yet live, which have to wait.

        ``lead_s`` tells how far (s) the clock of a source is ahead: schedules have others.
        """
        said_s = stamp_s
        for code, status in message.schedule:
            key = (message.competition, _bare(code))
            unit = self._by_code.get(key)
            if unit is None:
                self._wait(key, status, said_s, message.source)
                continue
            stamp_s = _by(unit.source, said_s, message.source, lead_s)
            if is_late(stamp_s, unit.interrupted_s):
                continue
            if status in INTERRUPTED:
                unit.interrupted, unit.interrupted_s = status.lower(), stamp_s
                unit.plays_s = None
            elif status == RUNNING and unit.interrupted:
                unit.interrupted, unit.moved_s = "", now.monotonic_s
            elif status in ENDED and not is_late(stamp_s, unit.turned_s):
                unit.is_live, unit.is_called_off, unit.turned_s = False, True, stamp_s

    def _wait(self, key: tuple[str, str], status: str, stamp_s: float | None, source: str) -> None:
        """Note that a unit which is not live has to wait, or need not any more."""
        known = self._waiting.get(key)
        if known is not None and is_late(stamp_s, known.at_s):
            return
        self._waiting.pop(key, None)
        if status in INTERRUPTED:
            self._waiting[key] = _Wait(status.lower(), stamp_s, source)
        if len(self._waiting) > MAX_UNITS:
            del self._waiting[next(iter(self._waiting))]

    def live(self, source: str | None = None) -> list[Unit]:
        """Return the live units, of one source or of all, the one with the oldest data first."""
        found = (
            unit
            for unit in self._by_code.values()
            if unit.is_live and not unit.interrupted and (source is None or unit.source == source)
        )
        return sorted(found, key=lambda unit: unit.moved_s)

    def interrupted(self) -> list[Unit]:
        """Return the units that would be live, and of which the schedule expects no data now."""
        return [unit for unit in self._by_code.values() if unit.is_live and unit.interrupted]

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

    def close(self, source: str, discipline: str) -> None:
        """Forget the units of a source whose window has closed; ANY is each discipline."""
        gone = [
            key
            for key, unit in self._by_code.items()
            if unit.source == source and discipline in (ANY, unit.discipline)
        ]
        for key in gone:
            del self._by_code[key]


def is_of_live_unit(message: Message) -> bool:
    """Tell whether a message shows that a unit is live."""
    if message.status != LIVE or _type(message) not in BEGINNING:
        return False
    return not message.code.endswith(_NO_UNIT) and bool(_bare(message.code).strip())


def _tells(message: Message, unit: Unit, stamp_s: float | None) -> bool:
    """Tell whether a message says if its unit is live."""
    if is_of_live_unit(message):
        return unit.is_live or _begins_again(message, unit, stamp_s)
    return bool(message.status) and _type(message) in ENDING


def _begins_again(message: Message, unit: Unit, stamp_s: float | None) -> bool:
    """Tell whether live data of a unit that has ended is no straggler."""
    kind = _type(message)
    if kind not in ENDING:
        return False
    if stamp_s is None or unit.turned_s is None:
        return True
    if not 0 <= stamp_s - unit.turned_s <= _ENDING_S:
        return True
    return kind == "DT_RESULT" and not unit.is_called_off


def _plays_on(stamp_s: float | None, unit: Unit) -> bool:
    """Take in live data of an interrupted unit; return whether it has come for a while.

    What is not clearly newer than the word that interrupted the unit was only on its way.
    """
    if stamp_s is None or unit.interrupted_s is None:
        return False
    if stamp_s - unit.interrupted_s <= _RESUMED_S:
        return False
    if unit.plays_s is None or stamp_s - unit.played_s > _PLAYS_ON_S:
        unit.plays_s = stamp_s
    unit.played_s = max(stamp_s, unit.played_s)
    return stamp_s - unit.plays_s > _RESUMED_S


def _by(
    source: str, stamp_s: float | None, other: str, lead_s: Callable[[str], float]
) -> float | None:
    """Return what the clock of ``source`` showed when that of ``other`` showed ``stamp_s``."""
    if stamp_s is None or source == other:
        return stamp_s
    return stamp_s + lead_s(source) - lead_s(other)


def _take_over(unit: Unit, source: str, lead_s: Callable[[str], float]) -> None:
    """Let a unit be of another source, which may be the second of two, with its own clock."""
    for name in ("turned_s", "interrupted_s", "plays_s", "played_s"):
        setattr(unit, name, _by(source, getattr(unit, name), unit.source, lead_s))
    unit.source = source


def _type(message: Message) -> str:
    return message.type.removesuffix("_UPDATE")


def _bare(code: str) -> str:
    return code.rstrip("-")
