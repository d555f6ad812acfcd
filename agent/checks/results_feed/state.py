"""Judges a results feed: pure, from its messages and the time.

A feed is silent only inside a talking window that its source opened. It is frozen when its source
is alive while the data of a live unit rests for longer than its discipline ever does. It is
delayed when that data comes, but was long on its way: a fresh keep-alive excuses no old data. It
is delayed, too, when its source sends nothing but broken messages. Where all that comes is refused,
so that nobody knows of whom it is, the feed is unknown, and then critical. Before the first message
it is unknown: never heard is not the same as closed.
"""

from typing import Literal, NamedTuple, TypeAlias

import msgspec

from agent.checks import Reading
from agent.checks.reading.times import Now, Since, on_wall
from agent.checks.reading.words import short
from agent.checks.results_feed.clock import Calendar, in_words
from agent.checks.results_feed.dates import LogicalDates
from agent.checks.results_feed.header import FeedError, Message
from agent.checks.results_feed.refusals import OF_FILES, PROBE, Refusals
from agent.checks.results_feed.world import Limits, World
from venuewatch.base.wire.checks import VALUES_OF_NOW, CheckState, CheckValues

_SENT_AGAIN_S = 3600.0  # a message of an earlier day that is older is sent again, not late
_WHY_MAX = 160  # characters: what is behind it should be seen, too
_NOTED_S = 300.0  # how long the detail tells of a thing that happened once

Flag: TypeAlias = Literal["P", "T", "any"]


class Way(NamedTuple):
    """How far a feed could be read.

    ``trouble`` is why it can't be read at all. ``unread`` is how many messages wait: nobody knows
    then what has ended. So it is while a look through a folder goes on, which has ``seen`` so many
    files so far.
    """

    trouble: str = ""
    unread: int = 0
    seen: int = 0


class Feed:
    """Takes in the messages of one feed, and judges it.

    A message with the wrong flag belongs to another world: it opens, closes and excuses nothing
    here. Only where the right flag is silent does its live data show a fault. ``refusals`` has what
    was refused since the start.
    """

    def __init__(self, limits: Limits, calendar: Calendar, flag: Flag = "P") -> None:
        self._limit_s = limits.keep_alive_s
        self._clock_limit_s = limits.clock_s
        self._calendar = calendar
        self._dates = LogicalDates(calendar)
        self.refusals = Refusals()
        self._flag = flag
        self._ours = World(limits)
        self._others = World(limits, is_real=False)
        self._heard: Now | None = None
        self._sound: Now | None = None
        self._since = Since(calendar.zone)
        self._messages = self._bytes = self._faulty = 0
        self._wrong_flags = self._wrong_dates = 0
        self._notes: dict[str, tuple[float, str]] = {}
        self._forgotten: dict[str, int] = {}

    def hear(self, message: Message, now: Now, *, is_kept: bool = True) -> None:
        """Take in a message that came at ``now``, which may be earlier than the last one's.

        Where messages are not ``is_kept``, versions before it were never there to be heard.
        """
        self._messages += 1
        self._bytes += message.size_bytes
        self._heard = max(now, self._heard or now)
        self.refusals.hear()
        self._note_faults(message, now)
        if wrong := self._dates.hear(message, now):
            self._wrong_dates += 1
            self._note("date", wrong, now)
        stamp_s = None
        if message.stamp is not None:
            stamp_s = self._calendar.unixtime_of(message.stamp, now.wall_s)
        is_ours = self._flag in ("any", message.flag or self._flag)
        world = self._ours if is_ours else self._others
        behind_s = -world.sources.current_lead_s(message.source)
        is_current = self._is_current(message, stamp_s, now, max(behind_s, 0.0))
        if is_ours:
            if not message.broken:
                self._sound = max(now, self._sound or now)
            more = {"is_current": is_current, "is_kept": is_kept}
            odd = world.hear(message, stamp_s, now, **more)
            self._note("version", odd, now)
            self._note_forgotten(now)
            return
        self._wrong_flags += 1
        self._note("flag", f"feed flag {message.flag}, expected {self._flag}", now)
        world.hear(message, stamp_s, now, is_current=is_current)

    def refuse(self, error: FeedError, now: Now) -> None:
        """Count something that came at ``now`` and was no message."""
        self.refusals.refuse(error.reason, now, self._limit_s)
        if error.reason != PROBE:
            self._note("refused", f"refused: {error}", now)

    def judge(self, now: Now, way: Way = Way()) -> Reading:  # noqa: B008 - it can't be changed
        """Return the state at ``now``, with all that was counted since the start."""
        for world in (self._ours, self._others):
            world.end_days(self._calendar, now)
        state, why = self._state(now, way)
        parts = [short(why, _WHY_MAX), self._since.words(state, self._sound, now)]
        source, ahead_s = self._ours.sources.worst_clock()
        if not way.trouble and ahead_s is not None and abs(ahead_s) > self._clock_limit_s:
            parts.append(f"clock of {source} is {in_words(ahead_s)}")
        notes = self._notes.values()
        parts += [text for at_s, text in notes if now.monotonic_s - at_s < _NOTED_S]
        values = self._values(now)
        if way.trouble:  # what was known of units is not known any more
            values = msgspec.structs.replace(values, **dict.fromkeys(VALUES_OF_NOW))
        return Reading(state, short("; ".join(parts)), values)

    def _state(self, now: Now, way: Way) -> tuple[CheckState, str]:
        if way.trouble:
            return "critical", way.trouble
        state, why = self._ours.state(now) or self._state_outside(now)
        if state in ("silent", "not_expected", "unknown"):
            state, why = self.refusals.state(now, self._limit_s) or (state, why)
        if way.unread and state in ("flowing", "frozen", "silent", "not_expected", "unknown"):
            return "delayed", f"{way.unread} files unread; {why}"
        if way.seen and state in ("frozen", "silent", "not_expected", "unknown"):
            told = f"looks for new files, {way.seen} looked at so far; {why}"
            return "unknown" if state == "unknown" else "delayed", told
        return state, why

    def _state_outside(self, now: Now) -> tuple[CheckState, str]:
        if wrong := self._others.resting(now):
            return "frozen", f"{wrong}, all of it with another feed flag"
        if self._heard is None:
            return "unknown", "nothing heard yet"
        return "not_expected", "no talking window is open"

    def _is_current(
        self, message: Message, stamp_s: float | None, now: Now, behind_s: float
    ) -> bool:
        """Tell whether a message is of now: not one of an earlier logical day, sent again.

        ``behind_s`` is how far the clock of its source is known to be behind.
        """
        if message.stamp is None or stamp_s is None:
            return True
        if now.wall_s - stamp_s - behind_s <= _SENT_AGAIN_S:
            return True
        sent_on = self._calendar.logical_date_of(message.stamp)
        return sent_on >= self._calendar.today(now.wall_s)

    def _note_faults(self, message: Message, now: Now) -> None:
        """Count a message with a part that is not as expected, once."""
        if not message.broken and not message.odd:
            return
        self._faulty += 1
        which = " ".join(filter(None, (message.type, message.code)))
        if message.broken:
            self._note("broken", f"broken {which}: {message.broken}", now)
        else:
            self._note("odd", f"odd {which}: {message.odd[0]}", now)

    def _note_forgotten(self, now: Now) -> None:
        """Note what there was too much of, as long as it goes on."""
        forgotten = self._ours.forgotten()
        if forgotten == self._forgotten:
            return
        for what, count in forgotten.items():
            if count != self._forgotten.get(what):
                self._note(what, f"over {what}: {count} forgotten", now)
        self._forgotten = forgotten

    def _note(self, topic: str, text: str, now: Now) -> None:
        if text:
            self._notes[topic] = (now.monotonic_s, text)

    def _values(self, now: Now) -> CheckValues:
        live = self._ours.units.live()
        return CheckValues(
            results_messages_total=float(self._messages),
            results_bytes_total=float(self._bytes),
            results_parse_errors_total=float(self.refusals.malformed + self._faulty),
            results_refused_total=self.refusals.counts(OF_FILES),
            results_oversized_total=float(self.refusals.by_reason["oversized"]),
            results_version_gaps_total=float(self._ours.versions.gaps),
            results_version_regressions_total=float(self._ours.versions.regressions),
            results_wrong_flag_total=float(self._wrong_flags),
            results_wrong_date_total=float(self._wrong_dates),
            results_live_units=float(len(live)),
            results_last_message_timestamp_seconds=on_wall(self._heard, now),
            results_last_data_timestamp_seconds=on_wall(self._ours.moved, now),
            results_data_age_seconds=live[0].age_s(now) if live else None,
            results_latency_seconds=max((unit.latency_s for unit in live), default=None),
            results_clock_offset_seconds=self._ours.sources.worst_clock()[1],
            results_clock_limit_seconds=self._clock_limit_s,
        )
