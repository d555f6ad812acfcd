"""Evidence of one scenario: all that a score may know beside the scenario itself.

It has no order, no seed, no detail and no word of the injector but when a step began and ended.
"""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from venuewatch.rehearsal.runfile.rows import Change, Phase, Sees, State, WellBy
from venuewatch.rehearsal.scenario import Allowed, Counted, Expectation, subject_of

ANY = "*"
_ENDS = frozenset({"closed", "removed"})
_SAYS = frozenset({"opened", "sharpened"})


class Key(NamedTuple):
    """An incident, whoever speaks of it."""

    world: str
    aggregator_run: str
    number: int


class Word(NamedTuple):
    """A change of an incident, as an outside reader first got it, or in a notice taken by a 2xx.

    ``receiver`` and ``seq`` are of a notice; ``opened_at`` is the aggregator's own word.
    """

    at: float
    change: Change
    subject: str
    cause: str
    children: int = 0
    opened_at: float | None = None
    receiver: str = ""
    seq: int = 0

    @property
    def says_cause(self) -> bool:
        """Whether it tells people a cause."""
        return self.change in _SAYS

    @property
    def is_end(self) -> bool:
        """Whether the incident is over by it."""
        return self.change in _ENDS


class Told(NamedTuple):
    """An incident: words of the reader and of notices, each by time; one of them may be empty."""

    key: Key
    seen: tuple[Word, ...] = ()
    notices: tuple[Word, ...] = ()

    @property
    def words(self) -> tuple[Word, ...]:
        """What the reader got, or the notices where it got nothing."""
        return self.seen or self.notices

    @property
    def subject(self) -> str:
        """What it is about."""
        return self.words[0].subject

    @property
    def first_at(self) -> float:
        """When it was first said."""
        return self.words[0].at

    def __str__(self) -> str:
        """Return it for people: subject and first cause."""
        return f"{self.subject} ({self.words[0].cause})"


class StepTimes(NamedTuple):
    """Since when a step acted (None: never), and since when it did no more."""

    began_at: float | None = None
    ended_at: float | None = None


class Sight(NamedTuple):
    """What a witness saw of a step."""

    step: str
    at: float
    phase: Phase
    sees: Sees


class Unwell(NamedTuple):
    """A word that the world was not well while a scenario was played, or as it began."""

    by: WellBy
    at: float


class Target(NamedTuple):
    """A step of a scenario and the subjects that it hits; of an order no more may be known."""

    step: str
    subjects: tuple[str, ...]


class Judged(NamedTuple):
    """What a score may know of a scenario of a run sheet: kind, targets, expectation."""

    number: int
    kind: str
    venues: tuple[str, ...]
    targets: tuple[Target, ...]
    expected: tuple[Expectation, ...]
    allowed: tuple[Allowed, ...]
    counted: tuple[Counted, ...]


class Evidence(NamedTuple):
    """Everything that was written of the last attempt of a scenario; times are of its world.

    ``watched_until``: the last that is known of its world; None: nothing is.
    """

    state: State
    world: str = ""
    began_at: float | None = None
    ended_at: float | None = None
    void_reason: str = ""
    steps: Mapping[str, StepTimes] = MappingProxyType({})
    sights: tuple[Sight, ...] = ()
    told: tuple[Told, ...] = ()
    counters: Mapping[str, tuple[float | None, float | None]] = MappingProxyType({})
    unwell: tuple[Unwell, ...] = ()
    watched_until: float | None = None


def overlap(one: str, other: str) -> bool:
    """Tell whether one of two subjects is the other, or is in it."""
    return covers(one, other) or covers(other, one)


@lru_cache(maxsize=4096)
def covers(outer: str, inner: str) -> bool:
    """Tell whether a subject is, or has in it, another: a venue its hosts, a host its checks."""
    if outer == inner:
        return True
    whole, part = subject_of(outer), subject_of(inner)
    if "centre" in {whole.scope, part.scope}:
        return whole.scope == part.scope
    places = zip(whole[1:], part[1:], strict=True)  # venue, host, check
    return whole.venue == part.venue and all(one in {"", other} for one, other in places)


def is_named(subject: str, by: str) -> bool:
    """Tell whether a subject is the one of an expectation or allowance; ``*`` is any."""
    if subject == by:
        return True
    if ANY not in by:
        return False
    return all(
        said in {ANY, got} for said, got in zip(subject_of(by), subject_of(subject), strict=True)
    )
