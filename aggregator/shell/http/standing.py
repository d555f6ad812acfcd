"""Venues and hosts in JSON: how each stands now, with its open incidents.

Times are s since 1970, to the millisecond; null is never.
"""

from collections.abc import Iterable

import msgspec

from aggregator.core.centre import Centre
from aggregator.core.fleet import INF, Host, Venue
from aggregator.core.incidents.record import Incident
from aggregator.core.states import HostState, VenueState
from aggregator.shell.http.incidents import IncidentJson, incident_json
from aggregator.shell.walltime import WallTime


class HostHereJson(msgspec.Struct, frozen=True):
    """A host among those of its venue; ``since``: when it came into its state."""

    host: str
    role: str
    state: HostState
    since: float | None
    cause: str | None


class VenueJson(msgspec.Struct, frozen=True):
    """One venue; ``up`` while any host of it is up or late."""

    venue: str
    name: str
    town: str
    timezone: str
    state: VenueState
    up: bool
    hosts: tuple[HostHereJson, ...]
    incidents: tuple[IncidentJson, ...]


class CheckJson(msgspec.Struct, frozen=True):
    """The last reading of a check, and when it was taken."""

    check: str
    kind: str
    state: str
    detail: str
    at: float


class HostJson(msgspec.Struct, frozen=True, kw_only=True):
    """One host. ``listed``: whether the inventory has it; of it are ``role`` and ``address``."""

    host: str
    venue: str
    role: str
    address: str
    listed: bool
    state: HostState
    up: bool
    since: float | None
    cause: str | None
    last_heartbeat: float | None
    agent_version: str | None
    round_trip_s: float | None
    clock_offset_s: float | None
    heartbeats_missed: int
    restarts: int
    readings_missing: int
    checks: tuple[CheckJson, ...]
    incidents: tuple[IncidentJson, ...]


def venue_answer(venue: Venue, centre: Centre, wall: WallTime) -> bytes:
    """Return how a venue stands; its incidents include those of its hosts."""
    hosts = list(venue.hosts.values())
    answer = VenueJson(
        venue.code,
        venue.name,
        venue.town,
        venue.timezone,
        venue.state,
        any(host.counts_as_up for host in hosts),
        tuple(
            HostHereJson(host.name, host.role, host.state, _since(host, wall), host.cause)
            for host in sorted(hosts, key=lambda host: host.name)
        ),
        _as_json(
            (
                incident
                for incident in centre.decisions.store.open.values()
                if incident.subject.venue == venue.code
            ),
            wall,
        ),
    )
    return msgspec.json.encode(answer)


def host_answer(host: Host, centre: Centre, wall: WallTime) -> bytes:
    """Return how a host stands; its incidents include one of its venue that it is behind."""
    answer = HostJson(
        host=host.name,
        venue=host.venue,
        role=host.role,
        address=host.address,
        listed=host.is_listed,
        state=host.state,
        up=host.counts_as_up,
        since=_since(host, wall),
        cause=host.cause,
        last_heartbeat=None if host.evidence_wall is None else round(host.evidence_wall, 3),
        agent_version=None if host.birth is None else host.birth.agent_version,
        round_trip_s=host.round_trip_s,
        clock_offset_s=host.clock_offset_s,
        heartbeats_missed=host.missed,
        restarts=host.restarts,
        readings_missing=host.readings_missing,
        checks=tuple(
            CheckJson(
                reading.check, reading.kind, reading.state, reading.detail, wall.wall(known.at)
            )
            for known in host.checks.values()
            for reading in (known.reading,)
        ),
        incidents=_as_json(
            (
                incident
                for incident in centre.decisions.store.open.values()
                if incident.subject.host == host.name or host.name in incident.children
            ),
            wall,
        ),
    )
    return msgspec.json.encode(answer)


def incident_answer(number: int, centre: Centre, wall: WallTime) -> bytes | None:
    """Return an incident that is open or was closed lately, None if there is none."""
    for incident in centre.decisions.store.known():
        if incident.number == number:
            return msgspec.json.encode(incident_json(incident, wall))
    return None


def _since(host: Host, wall: WallTime) -> float | None:
    return None if host.since == -INF else wall.wall(host.since)


def _as_json(incidents: Iterable[Incident], wall: WallTime) -> tuple[IncidentJson, ...]:
    newest_first = sorted(incidents, key=lambda incident: incident.number, reverse=True)
    return tuple(incident_json(incident, wall) for incident in newest_first)
