"""Says what one results source of the stage says, second by second: pure.

1. It plays: each second it says that it lives, each second second a new score of its live unit.
2. An instruction changes that as long as it holds. A source that ends or rests in good order says
   so first.
3. Afterwards it begins its window, its schedule and its unit again, and plays on.
4. What is held back is a bounded number of messages; they come first afterwards.
5. A source whose clock was put right begins anew, and so does one that writes the times of another
   zone: its old messages are of no use.
6. On a busy day units of other disciplines play besides (`units.py`). At its end their windows do.
"""

from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from venuewatch.base import odf
from venuewatch.rehearsal.live.sources.instructions import Instruction
from venuewatch.rehearsal.live.sources.units import DISCIPLINES, Units

SCORE_EACH: Final = 2
"""A score comes each so many seconds."""

HELD_MAX: Final = 1_000
"""How many messages are held back: those of ten minutes."""

DISCIPLINE: Final = odf.code_of("HBL")
UNIT: Final = odf.code_of("HBL", "WTEAM7-------------GPA-000100")

_SCORING: Final = frozenset({"plays", "held", "late", "ahead", "back", "gap", "test", "busy"})
_QUIET: Final = frozenset({"silent", "off"})


class Said(NamedTuple):
    """A message; ``is_apart``: no other may ever take its place."""

    content: bytes
    is_apart: bool = False


class Step(NamedTuple):
    """What is said in one second; ``begins_anew``: what was said before is to be thrown away."""

    said: list[Said]
    begins_anew: bool = False


class Source:
    """One results source, by the name that its messages have."""

    def __init__(self, name: str, zone: tzinfo) -> None:
        self._name = name
        self._zone = self._usual_zone = zone
        self._told: Instruction | None = None
        self._seconds = self._score = self._result = 0
        self._tests = 0
        self._is_gap = False
        self._units = Units()
        self._held: deque[Said] = deque(maxlen=HELD_MAX)

    def advance(self, now: float, told: Instruction) -> Step:
        """Return what it says in the second that begins at ``now`` (unixtime)."""
        before, self._told = self._told, told
        self._zone = ZoneInfo(told.zone) if told.zone else self._usual_zone
        said = list(self._turn(now, told)) if before != told else []
        self._seconds += 1
        said += self._go_on(now, told)
        if told.does == "held":
            self._held.extend(said)
            return Step([])
        said = [*self._held, *said]
        self._held.clear()
        return Step(said, begins_anew=before is not None and _has_new_clock(before, told))

    def _turn(self, now: float, told: Instruction) -> Iterator[Said]:
        """Begin to do what it is told."""
        self._tests, self._is_gap = 0, False
        if told.does != "busy":
            yield from self._end_units(now)
        match told.does:
            case "plays" | "busy":
                yield self._says(now, "DT_LOCAL_ON", DISCIPLINE)
                yield self._schedule(now, "RUNNING")
                yield self._tells(now, "LIVE")
            case "status":
                yield self._schedule(now, told.status)
            case "off":
                yield self._says(now, "DT_LOCAL_OFF", DISCIPLINE)
            case "unofficial":
                yield self._tells(now, "UNOFFICIAL")
            case "back":
                self._score = max(0, self._score - round(told.versions) - 1)
            case "gap":
                self._score += round(told.versions)
                self._is_gap = True
            case "test":
                self._tests = round(told.messages)
            case _:
                pass

    def _go_on(self, now: float, told: Instruction) -> Iterator[Said]:
        if told.does in _QUIET:
            return
        by_its_clock = now + (told.offset_s if told.does == "ahead" else 0.0)
        yield self._says(by_its_clock, "DT_KA", DISCIPLINE)
        if self._tests:
            self._tests -= 1
            header = {"ResultStatus": "OFFICIAL", "FeedFlag": "T"}
            yield self._says(now, "DT_RESULT", UNIT, odf.score_of(self._tests), **header)
        if told.does in _SCORING and self._seconds % SCORE_EACH == 0:
            self._score += 1
            true_at = by_its_clock - (told.delay_s if told.does == "late" else 0.0)
            header = {"ResultStatus": "LIVE", "Version": str(self._score)}
            said = self._says(true_at, "DT_CURRENT", UNIT, odf.score_of(self._score), **header)
            yield said._replace(is_apart=self._is_gap)
            self._is_gap = False
        if told.does == "busy":
            yield from self._play_units(now, round(told.units))

    def _end_units(self, now: float) -> Iterator[Said]:
        """End the windows of the other disciplines that play."""
        if self._units.are_playing:
            self._units.end()
            for discipline in DISCIPLINES:
                yield self._says(now, "DT_LOCAL_OFF", discipline)

    def _play_units(self, now: float, count: int) -> Iterator[Said]:
        """Say what other disciplines do; the first time, that they begin."""
        kind = "DT_KA" if self._units.are_playing else "DT_LOCAL_ON"
        for discipline in DISCIPLINES:
            yield self._says(now, kind, discipline)
        for code, version, status in self._units.advance(count):
            kind = "DT_RESULT" if status else "DT_CURRENT"
            header = {"ResultStatus": status or "LIVE", "Version": str(version)}
            yield self._says(now, kind, code, odf.score_of(version), **header)

    def _tells(self, now: float, status: str) -> Said:
        self._result += 1
        header = {"ResultStatus": status, "Version": str(self._result)}
        return self._says(now, "DT_RESULT", UNIT, odf.score_of(self._score), **header)

    def _schedule(self, now: float, status: str) -> Said:
        return self._says(now, "DT_SCHEDULE_UPDATE", DISCIPLINE, odf.schedule_of({UNIT: status}))

    def _says(self, now: float, kind: str, code: str, body: str = "", **header: str) -> Said:
        stamp = datetime.fromtimestamp(now, UTC).astimezone(self._zone).replace(tzinfo=None)
        more = {"DocumentCode": code, **header}
        return Said(odf.document(kind, stamp, self._name, body=body, more=more))


def _has_new_clock(before: Instruction, told: Instruction) -> bool:
    """Tell whether its times are of another zone now, or its clock is right again."""
    is_put_right = before.does == "ahead" and told.does != "ahead"
    return is_put_right or before.zone != told.zone
