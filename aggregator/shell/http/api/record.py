"""Record of an incident, as the journal keeps it, and notices and the API send it.

Times are s since 1970, to the millisecond.
"""

from typing import Annotated, TypeAlias

import msgspec

from aggregator.core.incidents.record import Alive, Incident, Scope, Subject
from aggregator.core.verdicts.causes import Cause, Evidence, Scalar
from aggregator.shell.walltime import WallTime

Time: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=1e11)]
"""S since 1970, up to the year 5138: what is beyond is no time."""

_Number: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=2**53)]
_Falls: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=100_000)]  # each is recalled one by one
_TIMES = ("opened_at", "silent_since", "closed_at")


class SeenJson(msgspec.Struct, frozen=True):
    """One thing seen: when, by whom, what."""

    at: Time
    by: str
    seen: str
    detail: dict[str, Scalar] = {}


class AliveJson(msgspec.Struct, frozen=True):
    """A host's backlog shows that it lived from ``start`` to ``end``."""

    host: str
    start: Time
    end: Time
    readings: int


class IncidentJson(msgspec.Struct, frozen=True, kw_only=True):
    """One incident as it stands."""

    number: _Number
    scope: Scope
    venue: str
    host: str
    check: str
    cause: str
    opened_at: Time
    silent_since: Time | None = None
    closed_at: Time | None = None
    children: tuple[str, ...] = ()
    falls: _Falls = 1
    evidence: tuple[SeenJson, ...] = ()
    alive: tuple[AliveJson, ...] = ()


def incident_json(incident: Incident, wall: WallTime) -> IncidentJson:
    """Return an incident of the core as other programs see it."""
    fields = {**incident.subject._asdict(), **incident._asdict()}
    del fields["subject"]
    fields["cause"] = incident.cause.value
    for name in _TIMES:
        fields[name] = None if fields[name] is None else wall.wall(fields[name])
    fields["evidence"] = tuple(
        SeenJson(wall.wall(seen.at), seen.by, seen.seen, dict(seen.detail))
        for seen in incident.evidence
    )
    fields["alive"] = tuple(
        AliveJson(alive.host, wall.wall(alive.start), wall.wall(alive.end), alive.readings)
        for alive in incident.alive
    )
    return IncidentJson(**fields)


def incident_of(stored: IncidentJson, wall: WallTime, cause: Cause) -> Incident:
    """Return the core's incident that an earlier process has stored, with its ``cause``."""
    fields = msgspec.structs.asdict(stored)
    subject = Subject(*(fields.pop(name) for name in Subject._fields))
    for name in _TIMES:
        fields[name] = None if fields[name] is None else wall.before(fields[name])
    fields["evidence"] = tuple(
        Evidence(wall.before(seen.at), seen.by, seen.seen, seen.detail) for seen in stored.evidence
    )
    fields["alive"] = tuple(
        Alive(alive.host, wall.before(alive.start), wall.before(alive.end), alive.readings)
        for alive in stored.alive
    )
    fields["cause"] = cause
    return Incident(subject=subject, **fields)


class IncidentsJson(msgspec.Struct, frozen=True):
    """A page of incidents, as far as a reader wants no more than their records."""

    incidents: tuple[IncidentJson, ...]
