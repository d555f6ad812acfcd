"""Judges a stream: pure, from what is known of its source and the time.

A source that was never heard is unknown, and silent once it had its time. It is not expected
outside its times, or while it says that nothing runs. It is delayed where what comes can't be read,
was long on its way, or waits to be read; frozen where it lives, but its number, its clock or all
that it sends rests. Where all that came was refused, it is unknown, and then critical. No limit
counts the time before the source was expected.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

import msgspec

from agent.checks import Reading
from agent.checks.reading.times import Now, Since, on_wall
from agent.checks.reading.words import short
from agent.checks.results_feed.clock import in_words
from agent.checks.results_feed.header import Reason
from agent.checks.streams.expected import Expected
from agent.checks.streams.refusals import Refusals
from agent.checks.streams.settings import Plan, time_zone
from agent.checks.streams.source import Source
from venuewatch.base.wire.checks import VALUES_OF_NOW, CheckState, CheckValues

_NOTED_S: Final = 300.0  # how long the detail tells of a thing that happened once
_WHY_MAX: Final = 110  # characters, so that the times have room
_TROUBLE_MAX: Final = 70
_EXCUSING: Final = frozenset({"silent", "not_expected", "unknown"})

Judged: TypeAlias = tuple[CheckState, str]


class Hindrance(NamedTuple):
    """What keeps a way in from hearing all that there is, as :class:`agent.checks.ways.Heard`.

    ``unmatched``: why nobody can tell what came, "" if that is known.
    """

    trouble: str = ""
    is_unreadable: bool = False
    unread: int = 0
    unmatched: str = ""


class Judge:
    """Says the state of a source, and since when it has been so.

    ``since``: it is waited for. ``refuses``: the reasons for which the way in refuses senders.
    """

    def __init__(
        self, plan: Plan, source: Source, since: Now, *, refuses: Sequence[Reason] = ()
    ) -> None:
        self._refuses = refuses
        self._plan = plan
        self._source = source
        zone = time_zone(plan.zone)
        self._expected = Expected(plan.expected, zone)
        self._made = since
        self._begun = since if self._expected.has(since.wall_s) else None
        self._since = Since(zone, since)
        self.refusals = Refusals()

    def judge(self, now: Now, hindrance: Hindrance) -> Reading:
        """Return the state at ``now``, with all that was counted since the start."""
        if not self._expected.has(now.wall_s):
            self._begun = None
        elif self._begun is None:
            self._begun = now
        state, why = self._judged(now, hindrance)
        trouble = "" if hindrance.trouble == why else short(hindrance.trouble, _TROUBLE_MAX)
        parts = (
            short(why, _WHY_MAX),
            trouble,
            self._since.words(state, self._source.sound, now),
            *self._notes(now, state),
        )
        values = self._values(now)
        if hindrance.is_unreadable:
            values = msgspec.structs.replace(values, **dict.fromkeys(VALUES_OF_NOW))
        return Reading(state, short("; ".join(filter(None, parts))), values)

    def _judged(self, now: Now, hindrance: Hindrance) -> Judged:
        if hindrance.is_unreadable:
            return "critical", hindrance.trouble
        if hindrance.unmatched:
            return "unknown", hindrance.unmatched
        state, why = self._unheard(now) or self._resting(now) or self._heard(now)
        if state in _EXCUSING:
            limit_s = self._plan.silence_limit_s
            state, why = self.refusals.state(now, limit_s) or (state, why)
        if hindrance.unread and self._begun is not None:
            return "delayed", f"{hindrance.unread} messages or more unread; {why}"
        return state, why

    def _unheard(self, now: Now) -> Judged | None:
        """Judge a source that was never heard, or is not expected to talk now."""
        source, limit_s = self._source, self._plan.silence_limit_s
        outside = "" if self._begun else f"outside {self._expected.words}"
        if source.heard is None:
            waited_s = self._age_s(self._made, now)
            if waited_s > limit_s:
                return "silent", f"nothing for {waited_s:.0f} s, limit {limit_s:g} s"
            return "unknown", ", ".join(filter(None, ("nothing heard yet", outside)))
        if outside:
            return "not_expected", outside
        if self._plan.expected_while and source.running is False:
            return "not_expected", f"not running: {short(source.word, 40)}"
        return None

    def _resting(self, now: Now) -> Judged | None:
        """Judge a source of which nothing, or nothing sound, comes."""
        source, plan = self._source, self._plan
        limit_s = plan.silence_limit_s
        if self._age_s(source.heard, now) > limit_s:
            quiet_s = _since_s(source.heard, now)
            return "silent", f"nothing for {quiet_s:.0f} s, limit {limit_s:g} s"
        if _since_s(source.heard, now) > limit_s and self._begun is not None:
            return "unknown", f"nothing heard yet in {self._expected.words}"
        lifeless_s = self._age_s(source.lived or source.first, now)
        if lifeless_s > limit_s:
            words = f"bytes, but no whole message for {lifeless_s:.0f} s"
            return "delayed", f"{words}, limit {limit_s:g} s"
        unread_s = self._age_s(source.unread_since or now, now)
        if unread_s > plan.latency_limit_s:
            what = "too long" if source.broken_last is None else "broken"
            if source.broken_last and source.oversized_last:
                what = "broken or too long"
            words = f"nothing but {what} messages for {unread_s:.0f} s"
            return "delayed", f"{words}, limit {plan.latency_limit_s:g} s"
        return None

    def _heard(self, now: Now) -> Judged:
        """Judge a source that lives, by its data."""
        source, limit_s = self._source, self._plan.latency_limit_s
        is_of_now = _since_s(source.stamped, now) <= limit_s + self._plan.silence_limit_s
        if source.latency_s is not None and source.latency_s > limit_s and is_of_now:
            words = f"messages were {source.latency_s:.0f} s on their way"
            return "delayed", f"{words}, limit {limit_s:g} s"
        return self._frozen(now) or (
            "flowing",
            f"heard {_since_s(self._source.heard, now):.0f} s ago",
        )

    def _frozen(self, now: Now) -> Judged | None:
        source, plan = self._source, self._plan
        if source.running is False:
            return None
        number = "none" if source.number is None else f"{source.number:.15g}"
        clock = "none" if source.clock is None else short(source.clock, 40)
        limits = (
            ("clock", plan.clock_rests_s, f"the clock shows {clock}"),
            ("number", plan.number_rests_s, f"number is {number}"),
            ("frame", plan.same_frame_s, "nothing new came"),
        )
        for name, limit_s, words in limits:
            since = max(
                source.moved_by.get(name) or source.first or now,
                source.moved_by.get("running", self._made),
            )
            rests_s = self._age_s(since, now)
            if limit_s is not None and rests_s > limit_s:
                return "frozen", f"alive, but {words} for {rests_s:.0f} s, limit {limit_s:g} s"
        return None

    def _age_s(self, since: Now | None, now: Now) -> float:
        """Return how long something has been so while the source was expected; 0 if it is not."""
        if self._begun is None or since is None:
            return 0.0
        return now.monotonic_s - max(since.monotonic_s, self._begun.monotonic_s)

    def _notes(self, now: Now, state: CheckState) -> list[str]:
        source, notes = self._source, []
        if source.broken_last and _since_s(source.broken_last, now) < _NOTED_S:
            notes.append(f"{source.broken} broken: {source.broken_why}")
        if source.oversized_last and _since_s(source.oversized_last, now) < _NOTED_S:
            limit = f"`max_frame_bytes` ({self._plan.max_frame_bytes})"
            notes.append(f"{source.oversized} longer than {limit}")
        if "running" in self._plan.extracts and source.sound and source.running is None:
            said = f"says {short(source.word, 40)!r}" if source.word else "was not found"
            notes.append(f"`running` {said}: taken as true")
        ahead_s = source.skew.ahead_s
        if ahead_s is not None and abs(ahead_s) > self._plan.clock_limit_s:
            notes.append(f"clock is {in_words(ahead_s)}")
        if state != "flowing":
            notes.append(self.refusals.note(now, _NOTED_S))
        return notes

    def _values(self, now: Now) -> CheckValues:
        source, extracts, refusals = self._source, self._plan.extracts, self.refusals
        is_door = "peer" in self._refuses
        has_stamp, has_number = "stamp" in extracts, "number" in extracts
        is_live = source.running if "running" in extracts else None
        is_paced = (has_number or "clock" in extracts) and is_live is not False
        moved = source.moved if is_paced else None
        return CheckValues(
            results_messages_total=float(source.messages) if self._plan.ends else None,
            results_bytes_total=float(source.bytes),
            results_parse_errors_total=float(source.broken) if extracts else None,
            results_oversized_total=float(source.oversized),
            results_version_gaps_total=float(source.gaps) if has_number else None,
            results_version_regressions_total=float(source.regressions) if has_number else None,
            results_live_units=None if is_live is None else float(is_live),
            results_last_message_timestamp_seconds=on_wall(source.heard, now),
            results_last_data_timestamp_seconds=on_wall(source.moved, now),
            results_data_age_seconds=_since_s(moved, now) if moved else None,
            results_latency_seconds=source.latency_s,
            results_clock_offset_seconds=source.skew.ahead_s,
            results_clock_limit_seconds=self._plan.clock_limit_s if has_stamp else None,
            results_last_number=None if source.number is None else float(source.number),
            results_unauthorized_total=float(refusals.unauthorized) if is_door else None,
            results_refused_total=refusals.counts(self._refuses) if self._refuses else None,
        )


def _since_s(then: Now | None, now: Now) -> float:
    return 0.0 if then is None else now.monotonic_s - then.monotonic_s
