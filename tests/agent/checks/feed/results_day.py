"""A results day on a virtual clock, for tests of the feed check: its times, and its messages."""

from collections import deque
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

from agent.checks.reading.times import Now
from agent.checks.results_feed.clock import Calendar
from agent.checks.results_feed.messages import read as read_message
from agent.checks.results_feed.state import Feed
from agent.checks.results_feed.world import Limits
from venuewatch.base.odf import document
from venuewatch.demo.results_day.day import BEGIN
from venuewatch.demo.results_day.moments import Moment, Script
from venuewatch.demo.results_day.watched import EVERY_S, Seen

DAY = date(2024, 8, 3)
END = "+05:00:00"
SOURCE, UNIT = "HALL1", "BKBWTEAM5-----GPA-000700"


def xml(kind: str, stamp: datetime, **more: str) -> bytes:
    """Return one message stamped with local time; ``more`` is further attributes."""
    return document(kind, stamp, SOURCE, more=more)


class Clock:
    def __init__(self, wall_s: float) -> None:
        self.wall_s = wall_s

    def __call__(self) -> Now:
        return Now(self.wall_s - 1_000_000_000.0, self.wall_s)


def local(text: str) -> datetime:
    """Return a time of the day, ``hh:mm:ss``; with ``+``, of the next day."""
    day = DAY + timedelta(days=text.startswith("+"))
    return datetime.combine(day, time.fromisoformat(text.removeprefix("+")))


def unixtime(at: datetime, zone: str) -> float:
    """Return a local time in unixtime."""
    return at.replace(tzinfo=ZoneInfo(zone)).timestamp()


def through_the_core(
    script: Script,
    zone: str,
    day: date = DAY,
    begin: str = BEGIN,
    end: str = END,
    *,
    phase_s: float = 0.0,
) -> list[Seen]:
    """Return a reading each 30 s, from one time of the script until another."""
    at = ZoneInfo(zone)
    feed = Feed(Limits(data_s={"BKB": 45.0}), Calendar(at, time(3)))
    clock = Clock(script.unixtime(begin, day, at) + phase_s)
    messages = deque(sent for sent in script.says(day, at) if sent.at_s >= clock.wall_s)
    seen = []
    while clock.wall_s <= script.unixtime(end, day, at):
        now = clock()
        while messages and messages[0].at_s <= now.wall_s:
            clock.wall_s = messages[0].at_s
            feed.hear(read_message(messages.popleft().content, 65_536), clock())
        seen.append(Seen(now.wall_s, feed.judge(now)))
        clock.wall_s = now.wall_s + EVERY_S
    return seen


class Change(NamedTuple):
    """The state is another one from a reading at ``at_s`` on, or the clock of the source is."""

    at_s: float
    state: str
    is_clock_wrong: bool


def changes(seen: Iterable[Seen]) -> list[Change]:
    """Return the readings that show something else than the one before."""
    found = (Change(it.at_s, it.reading.state, _is_clock_wrong(it)) for it in seen)
    return [next(same) for _, same in groupby(found, key=lambda change: change[1:])]


def planned(script: Script, zone: str, day: date = DAY) -> list[Change]:
    """Return what a script plans, from its first message on."""
    told = (
        Change(script.unixtime(moment.at, day, ZoneInfo(zone)), *_shown(moment))
        for moment in script.moments
    )
    return [next(same) for _, same in groupby(told, key=lambda change: change[1:])]


def differences(found: list[Change], plan: list[Change]) -> list[tuple[Change, Change]]:
    """Return the changes that are not what is planned, or not seen by the next reading."""
    return [
        (got, wanted)
        for got, wanted in zip(found, plan, strict=True)
        if got[1:] != wanted[1:] or not 0.0 <= got.at_s - wanted.at_s < EVERY_S
    ]


def state_at(plan: list[Change], at_s: float) -> str:
    """Return the state that is planned for a time, "" before the first."""
    return next((change.state for change in reversed(plan) if change.at_s <= at_s), "")


def in_words(found: Iterable[Change], zone: str) -> list[str]:
    """Return a line for each change, with its local time."""
    at = ZoneInfo(zone)
    return [
        f"{datetime.fromtimestamp(change.at_s, at):%a %H:%M:%S} {change.state}"
        + (", clock wrong" if change.is_clock_wrong else "")
        for change in found
    ]


def _shown(moment: Moment) -> tuple[str, bool]:
    return moment.state, moment.is_clock_wrong


def _is_clock_wrong(seen: Seen) -> bool:
    values = seen.reading.values
    offset_s, limit_s = values.results_clock_offset_seconds, values.results_clock_limit_seconds
    return offset_s is not None and limit_s is not None and abs(offset_s) > limit_s
