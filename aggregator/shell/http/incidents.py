"""Incidents in JSON: over HTTP, in the journal, and in notices to a webhook.

Times are s since 1970, to the millisecond.
"""

from collections.abc import Collection, Iterable
from typing import Annotated, NamedTuple, TypeAlias

import msgspec

from aggregator.core.fleet import INF, Host
from aggregator.core.incidents.record import Alive, Incident, Scope, Subject
from aggregator.core.verdicts.causes import Cause, Evidence, Excuse, Reason, Scalar
from aggregator.shell.walltime import WallTime
from venuewatch.base.refusals import unknown

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


class ExcuseJson(msgspec.Struct, frozen=True):
    """Why no verdict is given on these ``hosts`` of a venue yet, or on any without a venue.

    ``until`` is the latest end of them, None while it is open.
    """

    venue: str
    hosts: tuple[str, ...]
    reason: str
    since: float
    until: float | None


class IncidentsJson(msgspec.Struct, frozen=True):
    """The answer to a question for incidents, the newest first, and what puts verdicts off now."""

    incidents: tuple[IncidentJson, ...]
    excuses: tuple[ExcuseJson, ...] = ()


class Wanted(NamedTuple):
    """A question for incidents; an empty ``venue`` is every venue."""

    is_open: bool = False
    venue: str = ""


def wanted_of(query: Iterable[tuple[str, str]], venues: Collection[str]) -> Wanted:
    """Return the question in a URL's query, of ``venues`` that there are.

    Raises:
        ValueError: a line for the user that says what was expected.
    """
    asked: dict[str, str] = {}
    for name, value in query:
        if name not in {"open", "venue"}:
            raise ValueError(unknown("parameter", name, ("open", "venue")))
        if name in asked:
            raise ValueError(f"expected {name} once")
        asked[name] = value
    if asked.get("open", "1") != "1":
        raise ValueError("expected open=1, or no open")
    if "venue" in asked and asked["venue"] not in venues:
        raise ValueError(unknown("venue", asked["venue"], venues))
    return Wanted("open" in asked, asked.get("venue", ""))


def answer(
    incidents: Iterable[Incident],
    excuses: Iterable[tuple[Host | None, Excuse]],
    wanted: Wanted,
    wall: WallTime,
) -> bytes:
    """Return those incidents that are wanted, the newest first, as JSON, and the excuses there."""
    found = [
        incident_json(incident, wall)
        for incident in incidents
        if (not wanted.is_open or incident.closed_at is None)
        and (not wanted.venue or incident.subject.venue == wanted.venue)
    ]
    found.sort(key=lambda incident: incident.number, reverse=True)
    put_off = _put_off(excuses, wanted.venue, wall)
    return msgspec.json.encode(IncidentsJson(tuple(found), put_off))


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


def _put_off(
    excuses: Iterable[tuple[Host | None, Excuse]], venue: str, wall: WallTime
) -> tuple[ExcuseJson, ...]:
    """Return the excuses of everybody and of one venue's hosts, alike ones of a venue together."""
    alike: dict[tuple[str, Reason, float], tuple[list[str], float]] = {}
    for host, excuse in excuses:
        where = "" if host is None else host.venue
        if not venue or not where or where == venue:
            key = (where, excuse.reason, excuse.since)
            names, until = alike.get(key, ([], excuse.until))
            alike[key] = (names, max(until, excuse.until))
            names += [] if host is None else [host.name]
    return tuple(
        ExcuseJson(
            where,
            tuple(names),
            reason.value,
            wall.wall(since),
            None if until == INF else wall.wall(until),
        )
        for (where, reason, since), (names, until) in alike.items()
    )
