"""Guides through a results day: says what happens, and compares what is shown with what should be.

1. A moment is told, and the day is ordered to go on until a minute behind it.
2. Once every host shows a reading of that time, states and open causes are compared. A cause that
   should be over may still be open for some seconds: the aggregator waits before it closes one.
3. What is not as it should be is told and kept; so is any other cause that was open meanwhile.

It decides by its arguments only: ``now`` is monotonic (s), times of the day are unixtime.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from venuewatch.demo.results_day import day
from venuewatch.demo.results_day.day import Event
from venuewatch.demo.results_day.moments import Moment

BEHIND_S: Final = 60.0
"""How long (s of the day) after a moment the day stands still."""

APART_S: Final = 1.0
SETTLES_S: Final = 15.0
"""How long (s) the aggregator may take to show what its hosts have said."""

ARRIVES_S: Final = 30.0
"""How long (s) the hosts may take to say it."""


class Shown(NamedTuple):
    """What is shown of a host: the state and the detail of its check, and its open causes."""

    state: str
    detail: str
    causes: frozenset[str]


class Told(NamedTuple):
    """``lines`` for people, and an order to go on to ``to_s``, if there is one."""

    lines: list[str]
    to_s: float | None = None


class Guide:
    """``hold_s`` is how long (s) each moment is shown at least.

    Attributes:
        hold_s: as given.
        shown_right: how many moments were shown as they should be.
        to_s: the time to which the day was ordered to go on.
        missed: what was not as it should be, in words.
    """

    def __init__(self, hold_s: float) -> None:
        self.hold_s = hold_s
        self._left = day.events()
        self._moments: dict[str, Moment] = {}
        self._seen: frozenset[tuple[str, str]] = frozenset()
        self._allowed: dict[str, frozenset[str]] = {}
        self.to_s = 0.0
        self._told_at: float | None = None
        self._arrived_at: float | None = None
        self._compared = False
        self._told = 0
        self.shown_right = 0
        self.missed: list[str] = []

    @property
    def is_over(self) -> bool:
        """Tell whether the day has ended."""
        return not self._left and self._told_at is None

    def advance(self, now: float, shown: Mapping[str, Shown]) -> Told:
        """Return what there is to tell and to order."""
        lines = self._false_alarms(shown)
        if self._told_at is None:
            return self._tell_next(now, lines) if self._left else Told(lines)
        if not self._compared:
            lines += self._compare(now, self._told_at, shown)
        if self._compared and now >= self._told_at + self.hold_s:
            self._told_at = None
            return self._tell_next(now, lines) if self._left else Told(lines)
        return Told(lines)

    def summary(self) -> str:
        """Return how the day went, in words."""
        if self.missed:
            were = "thing was" if len(self.missed) == 1 else "things were"
            return f"The results day: {len(self.missed)} {were} not as it should be."
        if not self.is_over:
            told = f"{self.shown_right} of {len(day.events())} moments"
            return f"The results day was ended after {told}."
        return f"The results day is over: {self.shown_right} moments, each shown as it should be."

    def _tell_next(self, now: float, lines: list[str]) -> Told:
        """Tell the next moment, and those that come with it."""
        at_s = self._left[0].at_s
        events = [event for event in self._left if event.at_s - at_s <= APART_S]
        del self._left[: len(events)]
        for event in events:
            host, moment = event.script.host, event.moment
            before = self._moments.get(host)
            self._moments[host] = moment
            self._allowed[host] = moment.causes | (before.causes if before else frozenset())
        latest_s = self._left[0].at_s - APART_S if self._left else at_s + BEHIND_S
        self.to_s = min(at_s + BEHIND_S, latest_s)
        self._told = len(events)
        self._told_at, self._arrived_at, self._compared = now, None, False
        return Told([*lines, *map(_line, events)], self.to_s)

    def _compare(self, now: float, told_at: float, shown: Mapping[str, Shown]) -> list[str]:
        if self._arrived_at is None:
            if all(self._is_of_now(host, shown) for host in self._moments):
                self._arrived_at = now
            elif now - told_at < ARRIVES_S:
                return []
        wrong = self._wrong(shown)
        if not wrong:
            self._compared = True
            self.shown_right += self._told
            return []
        if self._arrived_at is not None and now - self._arrived_at < SETTLES_S:
            return []
        self._compared = True
        return self._miss(wrong)

    def _is_of_now(self, host: str, shown: Mapping[str, Shown]) -> bool:
        said = shown.get(host)
        return said is not None and said.detail.startswith(stamp_of(host, self.to_s))

    def _wrong(self, shown: Mapping[str, Shown]) -> list[str]:
        wrong = []
        for host, moment in self._moments.items():
            said = shown.get(host, Shown("", "", frozenset()))
            if not self._is_of_now(host, shown):
                wrong.append(f"{host} says nothing of {stamp_of(host, self.to_s)}")
            elif (said.state, said.causes) != (moment.state, moment.causes):
                causes = ", ".join(sorted(said.causes)) or "no incident"
                wrong.append(f"{host} is shown {said.state} with {causes}")
        return wrong

    def _false_alarms(self, shown: Mapping[str, Shown]) -> list[str]:
        """Tell of causes that neither this moment of a host nor the one before it explains."""
        found = {
            (host, cause)
            for host, said in shown.items()
            for cause in said.causes - self._allowed.get(host, frozenset())
        }
        new, self._seen = found - self._seen, frozenset(found)
        return self._miss([f"{host}: {cause} is a false alarm" for host, cause in sorted(new)])

    def _miss(self, wrong: list[str]) -> list[str]:
        self.missed += wrong
        return [f"WRONG: {what}" for what in wrong]


def stamp_of(host: str, at_s: float) -> str:
    """Return the time with which the detail of a host's reading begins."""
    script = next(script for script in day.SCRIPTS if script.host == host)
    return day.local_time(script, at_s)


def _line(event: Event) -> str:
    script, moment = event.script, event.moment
    causes = ", ".join(sorted(moment.causes)) or "no incident"
    when = day.local_time(script, event.at_s)
    shows = f"{script.host} should be {moment.state}, {causes}."
    return f"{when} {script.venue}: {moment.says}. {shows}"
