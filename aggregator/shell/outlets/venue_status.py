"""The verdict on each venue for other programs: a retained message, said again when it changes.

A venue whose hosts come and go is said once in a while, with how it stands then: what was in
between is in the journal. That a host is late is no verdict: it counts as up.
"""

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import TypeAlias

import msgspec

from aggregator.core.events import Event, HostChanged, IncidentChanged, Scope
from aggregator.core.fleet import Fleet, Venue
from aggregator.core.register import Register
from aggregator.core.states import HostState, VenueState, venue_state
from aggregator.shell.walltime import WallTime
from venuewatch.base.wire import topics

INCIDENTS_MAX = 20
"""How many incidents of a venue are listed, the newest; ``open`` counts them all."""

Publish: TypeAlias = Callable[[str, bytes], bool]
"""Publishes a retained message on a topic; returns whether it went out."""


class IncidentStatus(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An open incident. ``opened_at`` is s since 1970; ``children`` counts the hosts behind it."""

    number: int
    scope: Scope
    host: str = ""
    check: str = ""
    cause: str
    opened_at: float
    children: int = 0


class VenueStatus(msgspec.Struct, frozen=True):
    """How a venue stands, as the aggregator of that name sees it. ``hosts``: how many, by state."""

    venue: str
    state: VenueState
    hosts: dict[HostState, int]
    open: int
    incidents: list[IncidentStatus]
    aggregator: str


class Statuses:
    """Knows whose status has changed, and what was said of it last."""

    def __init__(self, fleet: Fleet, register: Register, wall: WallTime, *, name: str) -> None:
        self._fleet = fleet
        self._register = register
        self._wall = wall
        self._name = name
        self._changed: dict[str, None] = {}
        self._said: dict[str, bytes] = {}

    def begin(self) -> None:
        """A connection has begun: nobody knows what the broker still has of us."""
        self._said.clear()
        self._changed = dict.fromkeys(self._fleet.venues)

    def note(self, events: Iterable[Event]) -> None:
        """Take in whose status may have changed."""
        for event in events:
            match event:
                case HostChanged():
                    self._changed[event.venue] = None
                case IncidentChanged() if event.incident.subject.venue:
                    self._changed[event.incident.subject.venue] = None

    def say(self, publish: Publish) -> None:
        """Publish what has changed; what does not go out waits for the next time.

        Of a venue that the inventory no longer has the broker forgets what was said.
        """
        for code in list(self._changed):
            venue = self._fleet.venues.get(code)
            said = b"" if venue is None else msgspec.json.encode(self._status_of(venue))
            if said != self._said.get(code):
                if not publish(topics.venue_status(code), said):
                    return
                self._said[code] = said
            del self._changed[code]

    def _status_of(self, venue: Venue) -> VenueStatus:
        hosts = {state: count for state, count in venue.counts.items() if count}
        late = hosts.pop(HostState.LATE, 0)
        if late:
            hosts[HostState.UP] = hosts.get(HostState.UP, 0) + late
        found = [
            incident
            for subject, incident in self._register.open.items()
            if subject.venue == venue.code
        ]
        found.sort(key=attrgetter("number"), reverse=True)
        listed = [
            IncidentStatus(
                number=incident.number,
                scope=incident.subject.scope,
                host=incident.subject.host,
                check=incident.subject.check,
                cause=incident.cause,
                opened_at=self._wall.wall(incident.opened_at),
                children=len(incident.children),
            )
            for incident in found[:INCIDENTS_MAX]
        ]
        state = venue_state(hosts)
        return VenueStatus(venue.code, state, hosts, len(found), listed, self._name)
