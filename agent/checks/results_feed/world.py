"""Joins the messages with one feed flag: production's, or those of a test beside it."""

from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

from agent.checks.reading.times import Now
from agent.checks.results_feed.clock import Calendar
from agent.checks.results_feed.header import Message
from agent.checks.results_feed.sources import MAX_SOURCES, Source, Sources
from agent.checks.results_feed.units import MAX_UNITS, Units, is_of_live_unit
from agent.checks.results_feed.versions import MAX_IDENTITIES, Versions
from agent.checks.results_feed.windows import LOCAL_OFF, SIGNS, discipline_of
from venuewatch.base.wire.checks import CheckState

_MAX_SCHEDULES = 256  # that are remembered; what is older than they are is not sent again


class Limits(NamedTuple):
    """How long (s) a feed may keep quiet, let its data rest, and have it on its way.

    ``clock_s`` is how far (s) its clock may be off. ``data_s`` is by discipline,
    ``data_default_s`` for any other.
    """

    keep_alive_s: float = 90.0
    latency_s: float = 90.0
    data_default_s: float = 300.0
    clock_s: float = 60.0
    data_s: Mapping[str, float] = {}


class World:
    """Sources, units and versions that belong together.

    In one that is not ``is_real`` units begin and end, but their data never moves.
    """

    def __init__(self, limits: Limits, *, is_real: bool = True) -> None:
        self._limits = limits
        self._is_real = is_real
        self.sources = Sources()
        self.units = Units()
        self.versions = Versions()
        self.moved: Now | None = None
        self._schedules: deque[int] = deque(maxlen=_MAX_SCHEDULES)

    def hear(
        self,
        message: Message,
        stamp_s: float | None,
        now: Now,
        *,
        is_current: bool = True,
        is_kept: bool = True,
    ) -> str:
        """Take in a message stamped ``stamp_s`` (unixtime); return what is odd about it, or "".

        One that is not ``is_current`` is sent again from another day: a sign of life, no more.
        Before one that is not ``is_kept``, versions may have come and gone: none is missing.
        """
        name = self.sources.named(message.source)
        if name != message.source:
            message = message._replace(source=name)
        source = self.sources.hear(message, stamp_s, now, is_current=is_current)
        discipline = discipline_of(message.code)
        if is_current:
            source.windows.hear(message, stamp_s, is_live=is_of_live_unit(message))
        if message.type in SIGNS:
            if message.type == LOCAL_OFF and not source.windows.is_open(discipline):
                self.units.close(source.name, discipline)
            return ""
        before = self.versions.gaps
        step = self.versions.hear(message, stamp_s, counts_lost=is_kept)
        what = f"{message.type} {message.code}"
        if not is_current:
            return ""
        if message.schedule and not message.broken and self._is_new_schedule(message, stamp_s):
            self.units.schedule(message, stamp_s, now, self.sources.lead_s)
        if not source.windows.is_open(discipline):
            return f"{what} came outside the talking window" if is_of_live_unit(message) else ""
        if step in ("moved", "jumped", "anew"):
            self._move(message, source, stamp_s, now)
        if step == "jumped":
            missed = self.versions.gaps - before
            return f"{what} jumped to version {message.version}, {missed} missing"
        went_back = step in ("backward", "anew")
        return f"{what} went back to version {message.version}" if went_back else ""

    def forgotten(self) -> dict[str, int]:
        """Return how many were forgotten of what there was too much of, by its words."""
        if not (self.sources.forgotten or self.units.forgotten or self.versions.forgotten):
            return {}  # the usual case, for each message
        counts = {
            f"{MAX_SOURCES} sources": self.sources.forgotten,
            f"{MAX_UNITS} live units": self.units.forgotten,
            f"{MAX_IDENTITIES} sequences of versions": self.versions.forgotten,
        }
        return {what: count for what, count in counts.items() if count}

    def end_days(self, calendar: Calendar, now: Now) -> None:
        """Close the windows whose logical day ended in silence."""
        for source in self.sources.open():
            live = frozenset(unit.discipline for unit in self.units.live(source.name))
            for discipline in source.end_days(calendar, now, live):
                self.units.close(source.name, discipline)

    def state(self, now: Now) -> tuple[CheckState, str] | None:
        """Return the state, and why; None outside of every talking window."""
        talking = self.sources.open()
        if not talking:
            return None
        limits = self._limits
        quiet_s = talking[0].quiet_s(now)
        if quiet_s > limits.keep_alive_s:
            limit = f"limit {limits.keep_alive_s:g} s"
            return "silent", f"{talking[0]}: nothing for {quiet_s:.0f} s, {limit}"
        for source in talking:
            if source.is_broken_for(limits.latency_s, now):
                broken_s = now.monotonic_s - source.sound_s
                return "delayed", f"{source}: only broken messages for {broken_s:.0f} s"
        live = self.units.live()
        if resting := self.resting(now):
            return "frozen", resting
        if late := self.units.late(limits.latency_s, now):
            took = f"{late[0].latency_s:.0f} s on its way, limit {limits.latency_s:g} s"
            return "delayed", f"{late[0].code}: data was {took}"
        interrupted = self.units.interrupted()
        if interrupted and not live:
            return "not_expected", f"{interrupted[0].code} is {interrupted[0].interrupted}"
        quiet_s = talking[-1].quiet_s(now)
        return "flowing", f"{len(live)} live; {talking[-1]} heard {quiet_s:.0f} s ago"

    def resting(self, now: Now) -> str:
        """Return the live unit whose data rests for too long, in words; "" if none does.

        Only a source that was heard after its data was due is known to live without it: when all
        of it ends at once, it is not frozen but soon silent.
        """
        for unit in self.units.live():
            limits = self._limits
            limit_s = limits.data_s.get(unit.discipline, limits.data_default_s)
            if self.sources.heard_s(unit.source) > unit.moved_s + limit_s:
                limit = f"limit {limit_s:g} s"
                return f"{unit.code}: no new data for {unit.age_s(now):.0f} s, {limit}"
        return ""

    def _is_new_schedule(self, message: Message, stamp_s: float | None) -> bool:
        """Tell whether a schedule is not sent again: its updates have no versions that count."""
        if stamp_s is None:
            return True
        key = hash((message.identity, stamp_s, message.schedule))
        if key in self._schedules:
            return False
        self._schedules.append(key)
        return True

    def _move(self, message: Message, source: Source, stamp_s: float | None, now: Now) -> None:
        unit = self.units.hear(message, stamp_s, now, self.sources.steady_lead_s)
        if not self._is_real or message.broken:
            return
        self.moved = max(now, self.moved or now)
        whole = self.units.whole_of(message)
        if whole is not None:
            whole.moved_s = max(now.monotonic_s, whole.moved_s)
        if unit is not None:
            unit.moved_s = max(now.monotonic_s, unit.moved_s)
            unit.latency_s = source.latency_of(stamp_s, now)
