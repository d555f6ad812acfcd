"""Says how long a part of the centre is left alone after a scenario.

What the monitor says of the centre goes on with what it said or noticed a minute ago. So two
scenarios that hit the same part of it are further apart than that, unless it is to say nothing of
either.
"""

import itertools
from typing import Final

from aggregator.core.suspension import TOGETHER_S
from venuewatch.rehearsal.scenario import Scenario

CENTRE_APART_S: Final = TOGETHER_S + 1.0

_CENTRE: Final = "centre:"


class CentreRests:
    """Which parts of the centre were hit, and until when each is left alone (s of one clock)."""

    def __init__(self) -> None:
        self._until: dict[tuple[str, bool], float] = {}

    def left_s(self, scenario: Scenario, now: float) -> float:
        """Return how long (s) a scenario has to wait; 0 or less if it may begin."""
        were_told = (True, False) if _is_told_of(scenario) else (True,)
        hits = itertools.product(_parts_of(scenario), were_told)
        return max((self._until.get(hit, now) for hit in hits), default=now) - now

    def note_end(self, scenario: Scenario, now: float) -> None:
        """Note that a scenario is over."""
        is_told = _is_told_of(scenario)
        for part in _parts_of(scenario):
            self._until[part, is_told] = now + CENTRE_APART_S


def _parts_of(scenario: Scenario) -> set[str]:
    """Return the parts of the centre of which the monitor may say something, or which are hit."""
    said = [each.subject for each in scenario.expected]
    said += [each.subject for each in scenario.allowed]
    hit = [target for order in scenario.orders for target in order.targets]
    return {subject for subject in said or hit if subject.startswith(_CENTRE)}


def _is_told_of(scenario: Scenario) -> bool:
    return bool(scenario.expected or scenario.allowed)
