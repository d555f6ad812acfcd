"""Venues: all of them in the inventory's order, and one with its hosts and incidents.

Times are s since 1970, to the millisecond; null is never, or not known.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from aggregator.core.fleet import Venue
from aggregator.core.host import INF, Host
from aggregator.core.incidents.alerts import Severity, urgency_of
from aggregator.core.incidents.record import Incident
from aggregator.core.incidents.standing import down_at, is_behind
from aggregator.core.states import HostState, VenueState
from aggregator.shell.http.api import standing
from aggregator.shell.http.api.centre import CentreView
from aggregator.shell.http.api.incidents import IncidentView, view_of
from aggregator.shell.http.api.paging import Cursor, Limit
from aggregator.shell.http.api.record import Time
from aggregator.shell.walltime import WallTime


class HostLine(msgspec.Struct, frozen=True, kw_only=True):
    """A host among others.

    ``sentence``, ``severity``: what is told of it, null while it is well. ``since``: of its
    incident, else when it came into its state. ``incident``: the number of what tells it.
    ``down_at``: when one that was shut down in order counts as down.
    """

    host: str
    venue: str
    role: str
    state: HostState
    up: bool
    cause: str | None
    sentence: str | None
    severity: Severity | None
    since: Time | None
    incident: int | None
    down_at: Time | None


class VenueLine(msgspec.Struct, frozen=True, kw_only=True):
    """A venue among others.

    ``up`` while any host is up or late. ``counts``: how many hosts are in which state;
    ``states``: the state of each, in the order of their names. ``group``: with which people see
    it together; ``lat``, ``lon``: where it is, in degrees. ``sentence``, ``severity`` and
    ``since``: what is told of it, null while it is well; ``incident``: the number of what tells
    it. ``incidents``: the numbers of those that are open here, the most urgent first.
    """

    venue: str
    name: str
    town: str
    timezone: str
    group: str
    lat: float | None
    lon: float | None
    state: VenueState
    up: bool
    counts: dict[HostState, int]
    states: tuple[HostState, ...]
    sentence: str | None
    severity: Severity | None
    since: Time | None
    incident: int | None
    incidents: tuple[int, ...]


class VenueView(VenueLine, frozen=True, kw_only=True):
    """One venue, its hosts by name, and what is open there, the most urgent first."""

    hosts: tuple[HostLine, ...]
    open: tuple[IncidentView, ...]


class VenuesPage(msgspec.Struct, frozen=True):
    """Venues in the order of the inventory, and the centre that watches them."""

    venues: tuple[VenueLine, ...]
    centre: CentreView
    next: str | None = None


class VenuesQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which venues: with a ``state`` those in it."""

    state: VenueState | None = None
    limit: Limit = 1000
    cursor: Cursor | None = None


def host_line(host: Host, incidents: Sequence[Incident], wall: WallTime) -> HostLine:
    """Return a host at whose venue ``incidents`` are open."""
    told = standing.of_host(host, about(host, incidents), wall)
    until = down_at(host)
    return HostLine(
        host=host.name,
        venue=host.venue,
        role=host.role,
        state=host.state,
        up=host.counts_as_up,
        cause=host.cause,
        sentence=told.sentence,
        severity=told.severity,
        since=told.since,
        incident=told.incident,
        down_at=None if until is None else wall.wall(until),
    )


def venue_line(venue: Venue, incidents: Sequence[Incident], wall: WallTime) -> VenueLine:
    """Return a venue at which ``incidents`` are open."""
    return VenueLine(**_line(venue, incidents, wall))


def venue_view(venue: Venue, incidents: Sequence[Incident], wall: WallTime) -> VenueView:
    """Return a venue at which ``incidents`` are open, with its hosts."""
    hosts = _by_name(venue)
    return VenueView(
        **_line(venue, incidents, wall),
        hosts=tuple(host_line(host, incidents, wall) for host in hosts),
        open=tuple(view_of(incident, wall) for incident in sorted(incidents, key=urgency_of)),
    )


def about(host: Host, incidents: Sequence[Incident]) -> list[Incident]:
    """Return those of its venue's incidents that tell how a host is.

    One of the whole venue, or of several, tells nothing of a host that is heard again.
    """
    if not incidents:
        return []
    return [
        incident
        for incident in incidents
        if incident.subject.host == host.name or is_behind(host, incident)
    ]


def since_of(host: Host, wall: WallTime) -> float | None:
    """Return when a host came into its state; None if it never changed."""
    return None if host.since == -INF else wall.wall(host.since)


def _by_name(venue: Venue) -> list[Host]:
    return sorted(venue.hosts.values(), key=lambda host: host.name)


def _line(venue: Venue, incidents: Sequence[Incident], wall: WallTime) -> dict[str, Any]:
    told = standing.of_venue(venue, incidents, wall)
    lat, lon = venue.position or (None, None)
    hosts = _by_name(venue)
    return {
        "venue": venue.code,
        "name": venue.name,
        "town": venue.town,
        "timezone": venue.timezone,
        "group": venue.group,
        "lat": lat,
        "lon": lon,
        "state": venue.state,
        "up": any(host.counts_as_up for host in hosts),
        "counts": {state: count for state, count in venue.counts.items() if count},
        "states": tuple(host.state for host in hosts),
        **told._asdict(),
        "incidents": tuple(one.number for one in sorted(incidents, key=urgency_of)),
    }
