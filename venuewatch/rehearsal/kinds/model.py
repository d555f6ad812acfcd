"""Structs of a kind of scenario, as its file has them.

A kind says what may happen to any fleet: its targets are described, not named, and lengths may be
ranges. ``resolve.py`` makes a concrete scenario of it. Times are seconds from the scenario's begin.
"""

from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from aggregator.core.incidents.record import Scope
from venuewatch.base.wire.links import Link
from venuewatch.rehearsal.scenario import MODES, Mode

Seconds: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=86_400)]
Length: TypeAlias = float | tuple[float, float]
"""A number of seconds, or the least and the most of which one is drawn.

``rules.py`` bounds it: msgspec 0.20 crashes on a bounded number beside a list of two.
"""

LONGEST_S: Final = 86_400.0

Number: TypeAlias = tuple[float, float]
FieldValue: TypeAlias = bool | int | float | str | Number
Word: TypeAlias = Annotated[
    str,
    msgspec.Meta(
        pattern=r"\A[a-z][a-z0-9_]{0,63}\Z",
        extra={
            "words": "1 to 64 small letters, digits or underscores, beginning with a letter",
            "is_shown": True,
        },
    ),
]
Text: TypeAlias = Annotated[
    str,
    msgspec.Meta(
        pattern=r"\A[^\x00-\x1f\x7f]{1,2000}\Z",
        extra={"words": "one line of text, of at most 2000 characters"},
    ),
]
Share: TypeAlias = Annotated[float, msgspec.Meta(gt=0, le=1)]
Formula: TypeAlias = Literal["check", "feed", "data", "page"]
OverFormula: TypeAlias = Literal[
    "back", "check", "feed", "data", "damped", "twins", "budget", "centre"
]
TargetScope: TypeAlias = Literal["host", "venue", "feed", "check"]

CENTRE: Final = "centre"
"""The target that every kind has: broker, aggregator, and what both need."""


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something that is hit: what it is, and how many of it.

    ``roles``: of a host; none: any but the gateway. ``hosts``: in each venue, ``all`` of these
    roles, or a ``share`` of the venue. ``is_minority``: fewer than make a venue's loss. ``check``:
    the name of a check of the stage. ``on``: the target whose host it is. ``venues``: how many, the
    scenario's first, or a share of the fleet; ``is_elsewhere``: other ones than that. ``links``:
    the classes of link that will do. ``least_hosts``: of a venue.
    """

    scope: TargetScope
    roles: tuple[str, ...] = ()
    hosts: Annotated[int, msgspec.Meta(ge=1, le=1000)] | Literal["all"] = 1
    share: Share | None = None
    is_minority: bool = False
    check: str = ""
    on: str = ""
    venues: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1
    venues_share: Share | None = None
    is_elsewhere: bool = False
    links: tuple[Link, ...] = ()
    least_hosts: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One fault, what it hits, and when.

    ``at`` counts from the begin, or from the end of the step ``after_heal_of``. ``apart_s``: the
    targets are hit one after the other, so far apart. ``keepalives``: in half of the scenarios it
    lasts so many keepalives of its victim, as the broker gives a silent client up after 1.5.
    """

    name: Word
    fault: Word
    of: Word
    lasts: Length
    at: Length = 0.0
    after_heal_of: str = ""
    apart_s: Length | None = None
    keepalives: Number | None = None
    fields: dict[str, FieldValue] = {}


class Expected(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An incident that has to be told of each subject of a target.

    ``scope`` is the target's own, unless it is said. ``check`` names the check of a venue.
    ``after``: by default the first step that hits the target. ``children``: ``hosts`` are all of
    the venue, ``targets`` those that are hit there.
    """

    of: Word
    cause: str | tuple[str, ...]
    scope: Scope | None = None
    check: str = ""
    after: str = ""
    after_heal: bool = False
    detect_within_s: Seconds | Formula
    over_within_s: Seconds | OverFormula | None = None
    children: Annotated[int, msgspec.Meta(ge=1)] | Literal["hosts", "targets"] | None = None
    at_most: Annotated[int, msgspec.Meta(ge=1, le=100)] = 1

    @property
    def causes(self) -> tuple[str, ...]:
        """The causes, one or several."""
        return (self.cause,) if isinstance(self.cause, str) else self.cause


class AllowedToo(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What may be told, as it is true; what the target does not say is any."""

    of: Word
    cause: str | tuple[str, ...]
    scope: Scope | None = None
    check: str = ""

    @property
    def causes(self) -> tuple[str, ...]:
        """The causes, one or several."""
        return (self.cause,) if isinstance(self.cause, str) else self.cause


class CountedToo(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A metric that has to grow, of each subject of a target."""

    of: Word
    metric: Annotated[
        str,
        msgspec.Meta(
            pattern=r"\Avenuewatch_[a-z0-9_]{1,100}\Z",
            extra={"words": "the name of a metric, venuewatch_…", "is_shown": True},
        ),
    ]


class KindFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A kind as it is written down. ``story`` is for the officer, ``source`` the reason to play it.

    ``waits_for``: what does not exist yet. ``not_live`` and ``not_simulated``: why it can't be
    played in that mode. ``nothing``: no alarm is right.
    """

    title: Text
    story: Text
    policy: Word
    source: Text
    waits_for: str = ""
    not_live: str = ""
    not_simulated: str = ""
    nothing: bool = False
    least_venues: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1
    target: dict[str, Target] = {}
    step: tuple[Step, ...] = ()
    expected: tuple[Expected, ...] = ()
    allowed: tuple[AllowedToo, ...] = ()
    counted: tuple[CountedToo, ...] = ()


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind that was read: ``name`` is its file's, ``digest`` that of the file's text."""

    name: str
    digest: str
    file: KindFile

    @property
    def modes(self) -> tuple[Mode, ...]:
        """The modes in which it can be played."""
        reasons = {"simulated": self.file.not_simulated, "live": self.file.not_live}
        return tuple(mode for mode in MODES if not reasons[mode])

    @property
    def is_playable(self) -> bool:
        """Whether it can be played now, in some mode."""
        return bool(self.modes) and not self.file.waits_for

    @property
    def runs_alone(self) -> bool:
        """Whether it hits the centre, or so many venues that it looks like the centre."""
        return any(step.of == CENTRE for step in self.file.step) or any(
            target.venues_share is not None for target in self.file.target.values()
        )


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A policy that scenarios test: what the team is to do, as the officer's checklist."""

    title: Text
    goal: Text
    checklist: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1, max_length=20)]
