"""Venue status outlet: the verdict on each venue for other programs, as a retained message.

A status is published with the tick after it has changed: of a venue whose hosts come and go what
was in between is in the journal. That a host is late is no verdict: it counts as up.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import TypeAlias

import msgspec

from aggregator.core.centre import Centre
from aggregator.core.fleet import Venue
from aggregator.core.incidents.record import Incident, IncidentChanged, Scope
from aggregator.core.incidents.standing import venues_of
from aggregator.core.outputs import (
    Connected,
    HostChanged,
    InventoryChanged,
    OtherState,
    Output,
    Publish,
)
from aggregator.core.states import HostState, VenueState
from aggregator.shell.walltime import WallTime
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import Tick

INCIDENTS_MAX = 20
"""How many incidents of a venue are listed, the newest; ``open`` counts them all."""

PublishRetained: TypeAlias = Callable[[str, bytes], bool]
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


class VenueStatusOutlet:
    """Knows which venues' status has changed, and what was published of each last."""

    def __init__(
        self, centre: Centre, wall: WallTime, *, name: str, publish: PublishRetained
    ) -> None:
        self._fleet = centre.fleet
        self._incidents = centre.decisions.store
        self._wall = wall
        self._name = name
        self._publish = publish
        self._changed: dict[str, None] = {}
        self._published: dict[str, bytes] = {}

    def take(self, outputs: Sequence[Output]) -> None:
        """Note whose status may have changed; with a tick, publish it."""
        for output in outputs:
            match output:
                case HostChanged():
                    self._changed[output.venue] = None
                case IncidentChanged() if output.incident.subject.venue:
                    self._changed[output.incident.subject.venue] = None
                case Connected(connection="live") | OtherState(is_online=False):
                    # nobody knows what the broker still has of us, or kept of the other last
                    self._published.clear()
                    self._changed |= dict.fromkeys(self._fleet.venues)
                case InventoryChanged():
                    self._changed |= dict.fromkeys((*output.removed, *output.changed))
                case Publish(message=Tick()):
                    self._publish_changed()

    def _publish_changed(self) -> None:
        """Publish what has changed; what does not go out waits for the next tick.

        Of a venue that the inventory no longer has the broker forgets what was published.
        """
        found: dict[str, list[Incident]] = defaultdict(list)
        for incident in self._incidents.open.values() if self._changed else ():
            for code in venues_of(incident, self._fleet):
                found[code].append(incident)
        for code in list(self._changed):
            venue, of_venue = self._fleet.venues.get(code), found[code]
            status = b"" if venue is None else msgspec.json.encode(self._status_of(venue, of_venue))
            if status != self._published.get(code):
                if not self._publish(topics.venue_status(code), status):
                    return
                self._published[code] = status
            del self._changed[code]

    def _status_of(self, venue: Venue, found: list[Incident]) -> VenueStatus:
        hosts = {state: count for state, count in venue.counts.items() if count}
        late = hosts.pop(HostState.LATE, 0)
        if late:
            hosts[HostState.UP] = hosts.get(HostState.UP, 0) + late
        found.sort(key=attrgetter("number"), reverse=True)
        listed = [
            IncidentStatus(
                number=incident.number,
                scope=incident.subject.scope,
                host=incident.subject.host,
                check=incident.subject.check,
                cause=incident.cause.value,
                opened_at=self._wall.wall(incident.opened_at),
                children=len(incident.children),
            )
            for incident in found[:INCIDENTS_MAX]
        ]
        return VenueStatus(venue.code, venue.state, hosts, len(found), listed, self._name)
