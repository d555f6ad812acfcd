"""Problems: open incidents, worst and oldest first, and the counts of the head that name venues."""

from collections.abc import Iterable
from typing import NamedTuple

from aggregator.shell.http.page import ids
from aggregator.shell.http.page.model import (
    WORST_FIRST,
    IncidentJson,
    Severity,
    Standing,
)
from aggregator.shell.http.page.tiles import Level, level_of

_OTHERS: tuple[Level, ...] = ("unknown", "away", "unseen")

SHOWN_MAX = 50
"""So many problems the overview lists; the page of incidents has all."""

NAMED_MAX = 6
"""So many venues a count of the head names."""


class Problem(NamedTuple):
    """One incident as a line."""

    id: str
    number: int
    severity: Severity
    venue: str
    sentence: str
    since: float
    closed_at: float | None
    hosts: int

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return self.closed_at is None


class Count(NamedTuple):
    """How many venues have ``severity`` as their worst, the first of them by name."""

    severity: Severity
    count: int
    names: tuple[str, ...]

    @property
    def rest(self) -> int:
        """How many are not named."""
        return self.count - len(self.names)


class Head(NamedTuple):
    """What the head says: ``counts`` for who is not well, and numbers for the others."""

    counts: tuple[Count, ...]
    well: int
    others: tuple[tuple[str, int], ...]
    venues: int
    hosts: int


class Listed(NamedTuple):
    """The first problems of a list, how many there are in all, and of how many venues.

    ``together``: so many venues can not be reached at the same time; 0 if that is no pattern.
    """

    problems: tuple[Problem, ...]
    total: int
    together: int
    venues: int

    @property
    def rest(self) -> int:
        """How many are not in the list."""
        return self.total - len(self.problems)


def problem_of(incident: IncidentJson) -> Problem:
    """Return an incident as a line."""
    return Problem(
        ids.problem(incident.number),
        incident.number,
        incident.severity,
        incident.venue,
        incident.sentence,
        incident.since,
        incident.closed_at,
        len(incident.children),
    )


def sorted_problems(incidents: Iterable[IncidentJson]) -> list[IncidentJson]:
    """Return incidents, the worst first, of these the oldest first."""
    rank = {severity: place for place, severity in enumerate(WORST_FIRST)}
    return sorted(incidents, key=lambda one: (rank[one.severity], one.since, one.number))


def listed(standing: Standing, most: int = SHOWN_MAX) -> Listed:
    """Return the problems of now."""
    known = sorted_problems(standing.incidents)
    cut = {one.venue for one in known if one.cause == "venue_unreachable"}
    is_pattern = len(cut) > 2 and len(cut) * 2 > len(standing.venues)  # noqa: PLR2004 - more than a pair
    return Listed(
        tuple(problem_of(one) for one in known[:most]),
        len(known),
        len(cut) if is_pattern else 0,
        len(standing.venues),
    )


def head_of(standing: Standing) -> Head:
    """Return what the head says."""
    codes: dict[Level, list[str]] = {}
    for venue in standing.venues:
        codes.setdefault(level_of(venue), []).append(venue.venue)
    counts = [
        Count(severity, len(codes[severity]), tuple(codes[severity][:NAMED_MAX]))
        for severity in WORST_FIRST
        if severity in codes
    ]
    others = [(level, len(codes[level])) for level in _OTHERS if level in codes]
    hosts = sum(len(venue.hosts) for venue in standing.venues)
    return Head(
        tuple(counts), len(codes.get("ok", ())), tuple(others), len(standing.venues), hosts
    )
