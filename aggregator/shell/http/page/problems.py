"""Problems: open incidents, worst and oldest first, and the counts of the head that name venues."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from aggregator.core.incidents.alerts import Severity
from aggregator.core.verdicts.causes import Cause
from aggregator.shell.http.api.centre import CentreView
from aggregator.shell.http.api.incidents import IncidentView
from aggregator.shell.http.api.venues import VenueLine
from aggregator.shell.http.page import ids
from aggregator.shell.http.page.tiles import Level, level_of

SHOWN_MAX: Final = 50
"""So many problems the overview lists; the page of incidents has all."""

WALL_MAX: Final = 8
"""So many of them fit on a wall; the style sheet hides the others there."""

NAMED_MAX: Final = 6
"""So many venues a count of the head names."""

TOGETHER_MIN: Final = 3
"""From so many venues on it is a pattern that they can not be reached at the same time."""

_COUNTED: Final[tuple[Level, ...]] = ("critical", "warning", "info")
_OTHERS: Final[tuple[Level, ...]] = ("unknown", "away", "unseen")


class Picture(NamedTuple):
    """How all stands at one moment: venues in the inventory's order, and every open incident."""

    centre: CentreView
    venues: Sequence[VenueLine]
    incidents: Sequence[IncidentView]

    @property
    def at(self) -> float:
        """The moment, s since 1970."""
        return self.centre.at


class Problem(NamedTuple):
    """One incident as a line; behind it are so many ``parts``: hosts, or venues."""

    id: str
    number: int
    severity: Severity
    venue: str
    sentence: str
    since: float
    closed_at: float | None
    parts: str
    behind: int

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return self.closed_at is None


class Count(NamedTuple):
    """How many venues are as loud as ``level``, the first of them by name."""

    level: Level
    total: int
    names: tuple[str, ...]

    @property
    def rest(self) -> int:
        """How many are not named."""
        return self.total - len(self.names)


class Head(NamedTuple):
    """What the head says: ``counts`` of those that are not well, and numbers of the others."""

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

    @property
    def rest_on_wall(self) -> int:
        """How many a wall does not show."""
        return max(0, self.total - WALL_MAX)


def problem_of(incident: IncidentView) -> Problem:
    """Return an incident as a line."""
    return Problem(
        ids.problem(incident.number),
        incident.number,
        incident.severity,
        incident.venue,
        incident.sentence,
        incident.since,
        incident.closed_at,
        "venues" if incident.cause == Cause.CENTRE_SIDE_LOSS else "hosts",
        len(incident.children),
    )


def urgent_first(incidents: Iterable[IncidentView]) -> list[IncidentView]:
    """Return incidents, the worst first, of these the oldest first."""
    rank = {severity: place for place, severity in enumerate(Severity)}
    return sorted(incidents, key=lambda one: (rank[one.severity], one.since, one.number))


def listed(picture: Picture, most: int = SHOWN_MAX) -> Listed:
    """Return the problems of now."""
    known = urgent_first(picture.incidents)
    cut = cut_venues(known)
    is_pattern = len(cut) >= TOGETHER_MIN and len(cut) * 2 > len(picture.venues)
    return Listed(
        tuple(problem_of(one) for one in known[:most]),
        len(known),
        len(cut) if is_pattern else 0,
        len(picture.venues),
    )


def cut_venues(incidents: Iterable[IncidentView]) -> set[str]:
    """Return the venues that can not be reached, alone or with others."""
    cut: set[str] = set()
    for one in incidents:
        if one.cause == Cause.VENUE_UNREACHABLE:
            cut.add(one.venue)
        elif one.cause == Cause.CENTRE_SIDE_LOSS:
            cut.update(one.children)
    return cut


def head_of(picture: Picture) -> Head:
    """Return what the head says."""
    codes: dict[Level, list[str]] = {}
    for venue in picture.venues:
        codes.setdefault(level_of(venue.severity, venue.state), []).append(venue.venue)
    counts = [
        Count(level, len(codes[level]), tuple(codes[level][:NAMED_MAX]))
        for level in _COUNTED
        if level in codes
    ]
    others = [(level, len(codes[level])) for level in _OTHERS if level in codes]
    hosts = sum(len(venue.states) for venue in picture.venues)
    return Head(tuple(counts), len(codes.get("ok", ())), tuple(others), len(picture.venues), hosts)
