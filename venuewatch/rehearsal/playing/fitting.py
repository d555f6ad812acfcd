"""Chooses what can be played within a time, and in which order. Pure.

1. Kinds that were not played come first, the shortest of them first, and with them what was begun
   and interrupted. Only when no new one fits any more is a kind played again.
2. What runs alone and is new comes before all others, one after the other: nothing has to end for
   it, and a sitting that is cut short has played it. It has half of the time at most. What runs
   alone and was played comes at the end, if there is room within a tenth of the time.
3. All others begin as soon as ``Isolation`` lets them, each with its venues to itself for as long
   as such a scenario takes as a rule.

So it is a forecast, too: a stage that is slower plays less, and in the same order.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Final, NamedTuple

from venuewatch.rehearsal.playing.isolation import Isolation
from venuewatch.rehearsal.playing.terms import usual_length_s
from venuewatch.rehearsal.scenario import Scenario

ALONE_SHARE: Final = 0.5
"""The most of the time that those have which run alone."""

AGAIN_SHARE: Final = 0.1
"""The most of it that they have once their kinds were played: meanwhile many others would be."""

_STEP_S: Final = 1.0
_STEPS: Final = 400  # at most, so that hours are chosen within seconds


class _Known:
    """The kinds that were played, or are to be, and the scenarios that were interrupted."""

    def __init__(self, kinds: Collection[str], begun: Collection[int]) -> None:
        self._kinds = set(kinds)
        self._begun = set(begun)

    def is_new(self, scenario: Scenario) -> bool:
        return scenario.kind not in self._kinds or scenario.number in self._begun

    def add(self, scenario: Scenario) -> None:
        self._kinds.add(scenario.kind)


class Span(NamedTuple):
    """A time (s) from its begin to its end."""

    begin: float
    end: float


class Slot(NamedTuple):
    """A scenario that fits, and when (s) it begins and is over."""

    scenario: Scenario
    begins_at: float
    ends_at: float


def fitting(
    scenarios: Sequence[Scenario],
    isolation: Isolation,
    within_s: float,
    *,
    played: Collection[str] = (),
    begun: Collection[int] = (),
) -> list[Slot]:
    """Return those that fit into so long (s), in the order in which they begin.

    ``isolation`` is that of a fleet of which nothing was hit, and is used up. ``played``: kinds.
    ``begun``: numbers of those that were interrupted.
    """
    known = _Known(played, begun)
    alone = [each for each in scenarios if each.runs_alone]
    slots = list(_in_a_row(alone, isolation, Span(0.0, within_s * ALONE_SHARE), known))
    first = [slot.scenario for slot in slots]
    begins_at = max((slot.ends_at for slot in slots), default=0.0)
    again = [each for each in alone if each not in first]
    again_s = max(0.0, within_s * AGAIN_SHARE - begins_at) if again else 0.0
    together = [each for each in scenarios if not each.runs_alone]
    slots += _together(together, isolation, Span(begins_at, within_s - again_s), known)
    now = max((slot.ends_at for slot in slots), default=0.0)
    left = Span(now, min(now + again_s, within_s))
    slots += _in_a_row(again, isolation, left, known, is_again=True)
    return slots


def _in_a_row(
    scenarios: Sequence[Scenario],
    isolation: Isolation,
    within: Span,
    known: _Known,
    *,
    is_again: bool = False,
) -> Iterator[Slot]:
    """Yield those that fit, with the rests between them, in the order of the plan.

    They are of kinds that were not played or, ``is_again``, of those that were.
    """
    now = within.begin
    for scenario in scenarios:
        begins_at = now + isolation.rest_left_s(scenario, now)
        ends_at = begins_at + usual_length_s(scenario)
        if ends_at <= within.end and known.is_new(scenario) != is_again:
            isolation.begin(scenario, begins_at)
            isolation.end(scenario, ends_at)
            known.add(scenario)
            yield Slot(scenario, begins_at, ends_at)
            now = ends_at


def _together(
    scenarios: Sequence[Scenario], isolation: Isolation, within: Span, known: _Known
) -> Iterator[Slot]:
    """Yield the others that fit."""
    step_s = max(_STEP_S, (within.end - within.begin) / _STEPS)
    waiting = sorted(scenarios, key=usual_length_s)
    played: list[Slot] = []
    now = within.begin
    while waiting and now < within.end:
        for slot in [slot for slot in played if slot.ends_at <= now]:
            isolation.end(slot.scenario, now)
            played.remove(slot)
        waiting = [each for each in waiting if now + usual_length_s(each) <= within.end]
        new = [each for each in waiting if known.is_new(each)]
        for scenario in new or tuple(waiting):
            is_again = bool(new) and not known.is_new(scenario)
            if is_again or not isolation.may_begin(scenario, now):
                continue
            isolation.begin(scenario, now)
            known.add(scenario)
            waiting.remove(scenario)
            played.append(Slot(scenario, now, now + usual_length_s(scenario)))
            yield played[-1]
        now += step_s
