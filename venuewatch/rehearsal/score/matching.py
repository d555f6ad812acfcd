"""Matching: which incidents of a scenario are meant by which of its expectations.

An incident about the very subject is **exact**. One about another subject, that nothing expects or
allows, is a **stray**: it has the wrong scope where it overlaps with an expected subject, and
accuses somebody else where it does not. An expectation without an exact incident is measured by
the strays that overlap with it: so a wrong scope is one fault, and not five.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from venuewatch.rehearsal.scenario import Allowed, Expectation
from venuewatch.rehearsal.score.evidence import Judged, Told, is_named, overlap


class Match(NamedTuple):
    """The incidents of one expectation."""

    exact: tuple[Told, ...]
    strays: tuple[Told, ...]

    @property
    def meant(self) -> tuple[Told, ...]:
        """Those by which it is measured."""
        return self.exact or self.strays


class Matched(NamedTuple):
    """Matches in the order of the expectations, and the incidents that accuse somebody else."""

    matches: tuple[Match, ...]
    accusing: tuple[Told, ...]


def match(scenario: Judged, told: Iterable[Told]) -> Matched:
    """Match the incidents of a scenario with what it expects and allows."""
    incidents = tuple(told)
    expected = {each.subject for each in scenario.expected}
    others = [one for one in incidents if one.subject not in expected]
    wrong = [one for one in others if not _is_allowed(one, scenario.allowed)]
    matches = tuple(
        Match(
            tuple(one for one in incidents if one.subject == each.subject),
            tuple(one for one in wrong if _overlaps(one, each)),
        )
        for each in scenario.expected
    )
    strays = {one.key for each in matches for one in each.strays}
    return Matched(matches, tuple(one for one in wrong if one.key not in strays))


def listed(expectation: Expectation, allowed: Sequence[Allowed]) -> frozenset[str]:
    """Return the causes that may be said of an expected subject."""
    more = [each.causes for each in allowed if is_named(expectation.subject, each.subject)]
    return frozenset(expectation.causes).union(*more)


def _is_allowed(told: Told, allowed: Iterable[Allowed]) -> bool:
    causes = {
        cause for each in allowed if is_named(told.subject, each.subject) for cause in each.causes
    }
    return all(word.cause in causes for word in told.words if word.says_cause)


def _overlaps(told: Told, expectation: Expectation) -> bool:
    return overlap(told.subject, expectation.subject)
