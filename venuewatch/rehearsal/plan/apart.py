"""Keeps hits on one subject so far apart that the core rightly does not call it flapping.

The core's penalty of a subject halves each half-life. Let a scenario let it fall k times, and end
``rest_s(k)`` before the next one and begin as long after the one before. Then what is left of any
penalty below the limit S is at most S - k x F, F being one fall: with k more falls it stays below.
"""

import math
from collections.abc import Iterable, Mapping

from aggregator.core.verdicts.causes import Cause
from aggregator.core.verdicts.flapping import FALL, HALF_LIFE_S, REUSE, SUPPRESS
from venuewatch.rehearsal.scenario import Scenario, subject_of

_FLAPPING_FALLS = 10
"""More falls than a scenario has that is to be called flapping; their penalty has to fade."""


def rest_s(falls: int) -> float:
    """Return how long (s) a subject has to be left alone before and after so many falls."""
    if falls < 1:
        return 0.0
    left = SUPPRESS - falls * FALL
    if left > 0:
        return HALF_LIFE_S * math.log2(SUPPRESS / left)
    return HALF_LIFE_S * math.log2(max(falls, _FLAPPING_FALLS) * FALL / REUSE)


def falls_of(scenario: Scenario) -> Mapping[str, int]:
    """Return each subject that a scenario lets fall, and how often it may."""
    falls: dict[str, int] = {}
    for order in scenario.orders:
        for target in order.targets:
            falls[target] = falls.get(target, 0) + 1
    for expected in scenario.expected:
        least = _FLAPPING_FALLS if Cause.FLAPPING in expected.causes else 1
        falls[expected.subject] = max(falls.get(expected.subject, 0), least)
    return falls


def length_s(scenario: Scenario) -> float:
    """Return how long (s) a scenario may take from its begin until its subjects are well again."""
    ends_at = max((order.at_s + order.lasts_s for order in scenario.orders), default=0.0)
    told_at = max((expected.detect_within_s for expected in scenario.expected), default=0.0)
    over_s = max((expected.over_within_s for expected in scenario.expected), default=0.0)
    return max(ends_at, told_at) + over_s


class Rests:
    """The hits that each venue and the centre have got, to find room for another."""

    def __init__(self) -> None:
        self._hits: dict[str, list[tuple[float, float, Mapping[str, int]]]] = {}

    def allow(self, scenario: Scenario, begins_at: float) -> bool:
        """Tell whether a scenario may begin at a moment (s)."""
        hits = [hit for place in _places(scenario) for hit in self._hits.get(place, ())]
        if not hits:
            return True
        falls, ends_at = falls_of(scenario), begins_at + _ends_at(scenario)
        for began_at, ended_at, others in hits:
            gap_s = begins_at - ended_at if begins_at >= began_at else began_at - ends_at
            if gap_s < _needed_s(falls, others):
                return False
        return True

    def note(self, scenario: Scenario, begins_at: float) -> None:
        """Note that a scenario begins at a moment (s)."""
        hit = (begins_at, begins_at + _ends_at(scenario), falls_of(scenario))
        for place in _places(scenario):
            self._hits.setdefault(place, []).append(hit)


def longest_rest_s(scenarios: Iterable[Scenario]) -> float:
    """Return how long (s) the subject with most falls has to be left alone, with its scenario."""
    return max(
        (
            _ends_at(scenario) + rest_s(falls)
            for scenario in scenarios
            for falls in falls_of(scenario).values()
        ),
        default=0.0,
    )


def _places(scenario: Scenario) -> tuple[str, ...]:
    """Return where a scenario hits: its venues, and "" for the centre."""
    return (*scenario.venues, "") if scenario.runs_alone else scenario.venues


def _ends_at(scenario: Scenario) -> float:
    return max((order.at_s + order.lasts_s for order in scenario.orders), default=0.0)


def _needed_s(falls: Mapping[str, int], others: Mapping[str, int]) -> float:
    """Return how far (s) two scenarios have to be apart; what hits a venue hits its hosts."""
    return max(
        (
            rest_s(max(number, another))
            for text, number in falls.items()
            for other, another in others.items()
            if text == other or _are_of_one_venue(text, other)
        ),
        default=0.0,
    )


def _are_of_one_venue(text: str, other: str) -> bool:
    if not (text.startswith("venue:") or other.startswith("venue:")):
        return False
    return _venue_of(text) == _venue_of(other)


def _venue_of(text: str) -> str:
    try:
        return subject_of(text).venue
    except ValueError:  # a target that is no subject, such as a part of the centre
        return text
