"""Incidents as data: what one is about, how it stands, and what changed of it.

Times are monotonic seconds of the aggregator. A change is stamped with the moment at which it
became true, not with the moment at which the shell looked.
"""

from typing import Literal, NamedTuple, TypeAlias

from aggregator.core.verdicts.causes import Cause, Evidence

Scope: TypeAlias = Literal[
    "centre",
    "venue",
    "host",
    "link",
    "feed",
    "source",
    "check",
    "identity",
    "clock",
    "bridge",
    "budget",
    "terms",
]


class Subject(NamedTuple):
    """What an incident is about; of each subject at most one is open.

    One of scope ``check`` without a host is of that check on most hosts of the venue. One of scope
    ``centre`` with a check is of that part of the aggregator, and not of what it hears.
    """

    scope: Scope
    venue: str = ""
    host: str = ""
    check: str = ""


class Alive(NamedTuple):
    """A host's backlog shows that it lived from ``start`` to ``end``, while it was not heard."""

    host: str
    start: float
    end: float
    readings: int


class Incident(NamedTuple):
    """One incident as it stands.

    ``number`` is unique for ever. ``opened_at`` is when it became true, ``silent_since`` the last
    evidence before. ``children`` are the hosts behind a venue's incident, which have none of their
    own; ``falls`` counts how often the subject fell within it. ``alive`` corrects the record.
    """

    number: int
    subject: Subject
    cause: Cause
    opened_at: float
    silent_since: float | None = None
    evidence: tuple[Evidence, ...] = ()
    children: tuple[str, ...] = ()
    falls: int = 1
    alive: tuple[Alive, ...] = ()
    closed_at: float | None = None


IncidentChange: TypeAlias = Literal["opened", "sharpened", "closed", "removed", "corrected"]


class IncidentChanged(NamedTuple):
    """An incident was opened, got a better cause, ended, or its record was corrected.

    It ended ``closed`` when its problem was over, ``removed`` when its subject is watched no more.
    ``seq`` counts from 1 what was reported of the incident; 0 for a correction, which is not.
    """

    at: float
    change: IncidentChange
    incident: Incident
    seq: int
