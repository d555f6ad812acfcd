"""Events: how things stand, and then each change, as server-sent JSON.

The first event is a ``snapshot``, and then come ``changes``; a ``pulse`` each second while nothing
else does. Each ``snapshot`` and each ``changes`` has an id. A client that comes back with it in
``Last-Event-ID`` gets what it has missed; if that is not known any more, a snapshot. Whatever an
event names replaces what was known of it before.
"""

from collections.abc import Sequence

import msgspec

from aggregator.shell.http.api.centre import CentreView
from aggregator.shell.http.api.incidents import IncidentView
from aggregator.shell.http.api.record import Time
from aggregator.shell.http.api.venues import HostLine, VenueLine
from aggregator.shell.http.api.view import View
from aggregator.shell.http.fanout import Changes, Channel, Event


class SnapshotEvent(msgspec.Struct, frozen=True, kw_only=True):
    """How all stands: venues in the order of the inventory, open incidents the most urgent first.

    Of hosts it has the states (``venues[].states``); ``/api/v1/venues/{venue}`` has more.
    """

    centre: CentreView
    venues: tuple[VenueLine, ...]
    incidents: tuple[IncidentView, ...]


class ChangesEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What has changed, as it stands now.

    ``gone_venues``, ``gone_hosts``: what is watched no more. An incident is here also when it ends.
    """

    centre: CentreView
    venues: tuple[VenueLine, ...]
    hosts: tuple[HostLine, ...]
    incidents: tuple[IncidentView, ...]
    gone_venues: tuple[str, ...]
    gone_hosts: tuple[str, ...]


class PulseEvent(msgspec.Struct, frozen=True):
    """A sign of life; ``at``: when."""

    at: Time


class JsonEvents:
    """Renders the events of the API from what ``view`` shows."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._encode = msgspec.json.Encoder().encode

    def channel(self) -> Channel:
        """Return the channel that sends them."""
        return Channel("json", self.changes, self.snapshot)

    async def snapshot(self) -> Sequence[Event]:
        """Return how all stands, as one event."""
        view = self._view
        venues = await view.venues_in_turn(view.codes)
        snapshot = SnapshotEvent(
            centre=view.centre(), venues=tuple(venues), incidents=tuple(view.open_incidents())
        )
        return (Event("snapshot", self._encode(snapshot)),)

    async def changes(self, changes: Changes) -> Sequence[Event]:
        """Return how that stands which has changed, as one event."""
        view = self._view
        venues = await view.venues_in_turn(sorted(changes.venues))
        hosts = await view.hosts_in_turn(sorted(changes.hosts))
        incidents = [view.incident(number) for number in sorted(changes.incidents)]
        event = ChangesEvent(
            centre=view.centre(),
            venues=tuple(venues),
            hosts=tuple(hosts),
            incidents=tuple(incident for incident in incidents if incident is not None),
            gone_venues=tuple(sorted(changes.venues - {line.venue for line in venues})),
            gone_hosts=tuple(sorted(changes.hosts - {line.host for line in hosts})),
        )
        return (Event("changes", self._encode(event)),)
