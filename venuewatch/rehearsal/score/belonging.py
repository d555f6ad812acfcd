"""Belonging: each incident of a run is of exactly one attempt of a scenario, or of none.

The first rule of these that fits decides; of several attempts that fit, the one begun last.

1. A scenario that is played expects or allows the subject.
2. One that ended up to ``after_s`` before did: it is told again.
3. A scenario that is played is at the incident's venue.
4. One that ended up to ``after_s`` before hit a subject that overlaps.
5. Any scenario is played: it is by the last one's doing that somebody else is accused.
6. None: a false alarm between scenarios.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from venuewatch.rehearsal.scenario import subject_of
from venuewatch.rehearsal.score.evidence import Judged, Key, Told, is_named, overlap


class Window(NamedTuple):
    """An attempt of a scenario: from when to when it was played, None: it still is."""

    scenario: Judged
    attempt: int
    world: str
    began_at: float
    ended_at: float | None

    @property
    def until(self) -> float:
        """When it ended, or later than all."""
        return float("inf") if self.ended_at is None else self.ended_at


Owner: TypeAlias = tuple[int, int] | None
"""The number of a scenario and of its attempt."""


def owners(told: Iterable[Told], windows: Iterable[Window], after_s: float) -> dict[Key, Owner]:
    """Return whose each incident is."""
    by_world: Mapping[str, list[Window]] = defaultdict(list)
    for window in sorted(windows, key=_order):
        by_world[window.world].append(window)
    return {
        one.key: _owner(one, _near(by_world.get(one.key.world, []), one.first_at, after_s))
        for one in told
    }


def names(scenario: Judged, subject: str) -> bool:
    """Tell whether a scenario expects or allows a subject."""
    return any(each.subject == subject for each in scenario.expected) or any(
        is_named(subject, each.subject) for each in scenario.allowed
    )


def touches(scenario: Judged, subject: str) -> bool:
    """Tell whether a subject overlaps with what the scenario hits or expects."""
    own = [hit for target in scenario.targets for hit in target.subjects]
    own += [each.subject for each in scenario.expected]
    return any(overlap(each, subject) for each in own)


def _near(windows: Sequence[Window], at: float, after_s: float) -> list[Window]:
    """Return the attempts that were played at a moment, or ended up to ``after_s`` before."""
    begun = windows[: bisect_right(windows, at, key=lambda window: window.began_at)]
    return [window for window in begun if window.until >= at - after_s]


def _owner(told: Told, windows: Sequence[Window]) -> Owner:
    at, subject = told.first_at, told.subject
    playing = [window for window in windows if window.until >= at]
    recent = [window for window in windows if window.until < at]
    venue = subject_of(subject).venue
    rules: tuple[tuple[Sequence[Window], Callable[[Window], bool]], ...] = (
        (playing, lambda window: names(window.scenario, subject)),
        (recent, lambda window: names(window.scenario, subject)),
        (playing, lambda window: venue in window.scenario.venues),
        (recent, lambda window: touches(window.scenario, subject)),
        (playing, lambda _: True),
    )
    for candidates, fits in rules:
        fitting = [window for window in candidates if fits(window)]
        if fitting:
            found = max(fitting, key=_order)
            return found.scenario.number, found.attempt
    return None


def _order(window: Window) -> tuple[float, int, int]:
    return window.began_at, window.scenario.number, window.attempt
