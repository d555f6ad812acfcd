"""Keeps hits on one subject so far apart that the core judges each by itself.

1. A scenario may let a subject fall that it hits, or of which it expects or allows to be told. What
   hits a venue hits all that is there. Of the centre no falls are counted.
2. The core adds up the falls of a subject, and the sum halves each half-life. A scenario may begin
   when no fall brings a sum to the limit: none of its own, and none of a scenario that comes later
   and is known. Falls are taken as late as they may be for what follows, and as early for what was
   before. So two in a row may be, and each one after them ``rest_s(1)`` after the one before.
3. A scenario of which one subject falls so often that it is to be called flapping, is over when
   that incident can be closed: nothing is hit there before the sum has faded.
4. A host that hung up lately counts less where many hang up: it has ``QUIET_S`` between two hits.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from aggregator.core.incidents.lifecycle import DAMPED
from aggregator.core.verdicts.causes import Cause
from aggregator.core.verdicts.flapping import FALL, HALF_LIFE_S, REUSE, SUPPRESS
from aggregator.core.verdicts.restless import RESTLESS_S, SPREAD_S
from venuewatch.rehearsal.scenario import Scenario

QUIET_S: Final = RESTLESS_S + SPREAD_S
"""How long (s) a host is left alone between two hits, the last of which may hang up late."""

_FLAPPING_FALLS = 10
"""More falls than a scenario has that is to be called flapping; their penalty has to fade."""

_FADED_S = 8 * HALF_LIFE_S
"""After so long (s) hardly anything is left of a penalty."""

_THAT_HANG_UP: Final = frozenset({"host", "venue"})
_ANY: Final = "*"


def rest_s(falls: int) -> float:
    """Return how long (s) a subject has to be left alone before and after so many falls.

    Let it fall k times, again and again, each time so long after the last one. Then what is left of
    any penalty below the limit S is at most S - k x F, F being one fall: it stays below.
    """
    if falls < 1:
        return 0.0
    left = SUPPRESS - falls * FALL
    if left > 0:
        return HALF_LIFE_S * math.log2(SUPPRESS / left)
    return HALF_LIFE_S * math.log2(max(falls, _FLAPPING_FALLS) * FALL / REUSE)


def falls_of(scenario: Scenario) -> Mapping[str, int]:
    """Return each subject that a scenario may let fall, and how often; none of the centre."""
    falls: dict[str, int] = {}
    for order in scenario.orders:
        for target in order.targets:
            falls[target] = falls.get(target, 0) + 1
    for expected in scenario.expected:
        least = _FLAPPING_FALLS if Cause.FLAPPING in expected.causes else 1
        falls[expected.subject] = max(falls.get(expected.subject, 0), least)
    for allowed in scenario.allowed:
        if _ANY not in allowed.subject:
            falls.setdefault(allowed.subject, 1)
    return {text: number for text, number in falls.items() if _scope_of(text) in DAMPED}


def length_s(scenario: Scenario) -> float:
    """Return how long (s) a scenario may take from its begin until its subjects are well again."""
    told_at = max((expected.detect_within_s for expected in scenario.expected), default=0.0)
    over_s = max((expected.over_within_s for expected in scenario.expected), default=0.0)
    return max(ends_s(scenario), told_at) + over_s


def ends_s(scenario: Scenario) -> float:
    """Return how long (s) after its begin the last fault of a scenario is mended."""
    return max((order.at_s + order.lasts_s for order in scenario.orders), default=0.0)


class _Hit(NamedTuple):
    """One scenario, with the falls of each subject between two moments (s)."""

    began_at: float
    ended_at: float
    falls: Mapping[str, int]

    def falls_at(self, subject: str) -> int:
        """Return how often it may let a subject fall."""
        found = (number for text, number in self.falls.items() if _hits(text, subject))
        return max(found, default=0)

    def gap_s(self, other: "_Hit") -> float:
        """Return how long (s) nothing is hit between both."""
        return max(self.began_at - other.ended_at, other.began_at - self.ended_at)

    def left_at(self, subject: str, moment: float) -> float:
        """Return what may be left of its penalty of a subject at a moment (s) after its begin."""
        faded_s = max(0.0, moment - self.ended_at)
        return float(self.falls_at(subject) * FALL * 0.5 ** (faded_s / HALF_LIFE_S))

    def flaps(self, subject: str) -> bool:
        """Tell whether it is enough by itself to call a subject flapping."""
        return self.falls_at(subject) * FALL >= SUPPRESS


class Rests:
    """The hits that each venue has got, to find room for another."""

    def __init__(self) -> None:
        self._hits: dict[str, list[_Hit]] = {}

    def allow(self, scenario: Scenario, begins_at: float) -> bool:
        """Tell whether a scenario may begin at a moment (s)."""
        new = _hit_of(scenario, begins_at)
        known = {id(hit): hit for code in scenario.venues for hit in self._hits.get(code, ())}
        near = [hit for hit in known.values() if hit.gap_s(new) < _FADED_S]
        if any(hit.gap_s(new) < QUIET_S and _hang_up_both(hit, new) for hit in near):
            return False
        later = [hit for hit in near if hit.began_at >= new.began_at]
        return all(_is_bearable(each, [*near, new]) for each in (new, *later))

    def left_s(self, scenario: Scenario, now: float) -> float:
        """Return how long (s) a scenario has to wait, if nothing else is hit meanwhile."""
        if self.allow(scenario, now):
            return 0.0
        least, most = 0.0, _FADED_S
        while most - least > 1.0:
            middle = (least + most) / 2
            if self.allow(scenario, now + middle):
                most = middle
            else:
                least = middle
        return most

    def note(self, scenario: Scenario, begins_at: float) -> None:
        """Note that a scenario begins at a moment (s)."""
        hit = _hit_of(scenario, begins_at)
        for code in scenario.venues if hit.falls else ():
            self._hits.setdefault(code, []).append(hit)


def longest_rest_s(scenarios: Iterable[Scenario]) -> float:
    """Return how long (s) the subject with most falls has to be left alone, with its scenario."""
    return max(
        (
            ends_s(scenario) + rest_s(falls)
            for scenario in scenarios
            for falls in falls_of(scenario).values()
        ),
        default=0.0,
    )


def _hit_of(scenario: Scenario, begins_at: float) -> _Hit:
    return _Hit(begins_at, begins_at + ends_s(scenario), falls_of(scenario))


def _is_bearable(hit: _Hit, hits: Sequence[_Hit]) -> bool:
    """Tell whether no fall of a hit brings the sum of a subject to the limit."""
    before = [other for other in hits if other is not hit and other.began_at <= hit.began_at]
    of_others = {text for other in before for text in other.falls if hit.falls_at(text)}
    return all(_is_borne(subject, hit, before) for subject in of_others.union(hit.falls))


def _is_borne(subject: str, hit: _Hit, before: Sequence[_Hit]) -> bool:
    left = sum(other.left_at(subject, hit.began_at) for other in before)
    if any(other.flaps(subject) for other in before):
        return left <= REUSE
    falls = 1 if hit.flaps(subject) else hit.falls_at(subject)
    return not left or left + falls * FALL < SUPPRESS


def _hang_up_both(one: _Hit, other: _Hit) -> bool:
    """Tell whether both hit one host, or one hits a venue and the other what hangs up there."""
    of_one, of_other = (
        {text for text in hit.falls if _scope_of(text) in _THAT_HANG_UP} for hit in (one, other)
    )
    return any(_hits(text, there) or _hits(there, text) for text in of_one for there in of_other)


def _hits(text: str, subject: str) -> bool:
    """Tell whether what hits one subject hits another one, too."""
    if text == subject:
        return True
    return _scope_of(text) == "venue" and _venue_of(text) == _venue_of(subject)


def _scope_of(text: str) -> str:
    return text.partition(":")[0]


def _venue_of(text: str) -> str:
    return text.partition(":")[2].partition("/")[0]
