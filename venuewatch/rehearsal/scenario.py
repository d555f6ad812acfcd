"""A scenario of a run sheet: who is hit by what, when, and what the monitor has to say of it.

It is concrete: subjects are named, lengths are numbers. So a plan can be read, played and scored
without the kinds that it was made from. Times are seconds; those of a scenario are counted from
its begin.
"""

from typing import Final, Literal, TypeAlias

import msgspec

from aggregator.core.incidents.record import Subject

Value: TypeAlias = bool | int | float | str
Mode: TypeAlias = Literal["simulated", "live"]

MODES: Final[tuple[Mode, ...]] = ("simulated", "live")


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One fault, as it is ordered at ``at_s``: it begins then, and is mended after ``lasts_s``.

    ``fault`` is the name of a file in ``faults/``, ``fields`` its configuration, ``targets`` what
    it breaks; ``step`` is unique in its scenario.
    """

    step: str
    at_s: float
    fault: str
    targets: tuple[str, ...]
    lasts_s: float
    fields: dict[str, Value] = {}


class Expectation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One incident that has to be told: about ``subject``, with one of ``causes``.

    ``detect_within_s`` counts from the true begin of ``after``, a step, or from its true end where
    ``after_heal``; ``over_within_s`` from when the last step of its subject was mended.
    ``children``: how many hosts are behind it, None where that is open. ``at_most``: how often it
    may be opened.
    """

    subject: str
    causes: tuple[str, ...]
    after: str
    detect_within_s: float
    over_within_s: float
    after_heal: bool = False
    children: int | None = None
    at_most: int = 1


class Allowed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What may be told, as it is true, and need not be: a subject, and the causes that are right.

    A subject whose host or check is ``*`` is any of that venue or host.
    """

    subject: str
    causes: tuple[str, ...]


class Counted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A number of ``/metrics`` that has to grow where no alarm is right; of these labels."""

    metric: str
    labels: dict[str, str] = {}


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One row of a run sheet, as far as it is played and scored.

    ``kind_id`` is the digest of the kind's file, so that a plan made from another text is known.
    It occupies ``venues`` and counts for the first of them. ``runs_alone``: it hits the centre.
    Nothing expected means that no alarm is right. ``seed`` decides all that is left to chance.
    """

    number: int
    kind: str
    kind_id: str
    title: str
    policy: str
    venues: tuple[str, ...]
    seed: int
    modes: tuple[Mode, ...]
    orders: tuple[Order, ...] = ()
    expected: tuple[Expectation, ...] = ()
    allowed: tuple[Allowed, ...] = ()
    counted: tuple[Counted, ...] = ()
    runs_alone: bool = False

    @property
    def venue(self) -> str:
        """The venue that it counts for."""
        return self.venues[0]

    @property
    def expects_nothing(self) -> bool:
        """Whether no alarm is right."""
        return not self.expected


def text_of(subject: Subject) -> str:
    """Return a subject as one word: ``venue:STA``, ``host:STA/STA-results-01``, ``centre:``."""
    parts = (subject.venue, subject.host, subject.check)
    return f"{subject.scope}:{'/'.join(parts).rstrip('/')}"


def subject_of(text: str) -> Subject:
    """Return the subject that :func:`text_of` wrote.

    Raises:
        ValueError: it is none.
    """
    scope, colon, path = text.partition(":")
    parts = path.split("/", maxsplit=2)
    if not colon:
        raise ValueError(f"expected SCOPE:VENUE/HOST/CHECK, got {text!r}")
    try:
        return msgspec.convert((scope, *parts, *[""] * (3 - len(parts))), Subject)
    except msgspec.ValidationError as error:
        raise ValueError(f"expected SCOPE:VENUE/HOST/CHECK, got {text!r}: {error}") from None
