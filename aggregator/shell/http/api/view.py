"""View: what page, API and events show of the core, read on the loop at one moment.

Nothing here waits, and nothing is kept: each answer is made from how things stand. What the journal
has to be asked for is given as an argument, by those that may wait for it.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from aggregator.core.centre import Centre
from aggregator.core.fleet import Venue
from aggregator.core.incidents.alerts import urgency_of
from aggregator.core.incidents.record import Incident
from aggregator.core.incidents.standing import venues_of
from aggregator.shell.http.api.centre import CentreView, centre_view
from aggregator.shell.http.api.hosts import HostView, Passage, host_view
from aggregator.shell.http.api.incidents import ExcuseView, IncidentView, excuses_of, view_of
from aggregator.shell.http.api.search import FoundPage, search
from aggregator.shell.http.api.venues import (
    HostLine,
    VenueLine,
    VenueView,
    host_line,
    venue_line,
    venue_view,
)
from aggregator.shell.walltime import WallTime
from venuewatch.base import clock

_VENUES_AT_ONCE = 20
_HOSTS_AT_ONCE = 200


class View:
    """Shows ``centre``, an aggregator called ``name``."""

    def __init__(self, centre: Centre, wall: WallTime, *, name: str) -> None:
        self._centre = centre
        self._fleet = centre.fleet
        self._wall = wall
        self._name = name

    @property
    def codes(self) -> Sequence[str]:
        """The codes of all venues, in the order of the inventory."""
        return tuple(self._fleet.venues)

    def centre(self) -> CentreView:
        """Return how the centre itself is."""
        return centre_view(self._centre, self._name, self._wall, clock.wall())

    def venues(self, codes: Iterable[str] | None = None) -> list[VenueLine]:
        """Return venues, in the order of the inventory; without ``codes`` all."""
        wanted = self._fleet.venues if codes is None else set(codes)
        open_at = self._open_at()
        return [
            venue_line(venue, open_at.get(code, ()), self._wall)
            for code, venue in self._fleet.venues.items()
            if code in wanted
        ]

    async def venues_in_turn(self, codes: Sequence[str]) -> list[VenueLine]:
        """Return venues; the loop goes on between some and the next."""
        found: list[VenueLine] = []
        for start in range(0, len(codes), _VENUES_AT_ONCE):
            found += self.venues(codes[start : start + _VENUES_AT_ONCE])
            await asyncio.sleep(0)
        return found

    async def hosts_in_turn(self, names: Sequence[str]) -> list[HostLine]:
        """Return hosts; the loop goes on between some and the next."""
        found: list[HostLine] = []
        for start in range(0, len(names), _HOSTS_AT_ONCE):
            found += self.hosts(names[start : start + _HOSTS_AT_ONCE])
            await asyncio.sleep(0)
        return found

    def venue(self, code: str) -> VenueView | None:
        """Return one venue with its hosts; None if there is none of that code."""
        venue = self._fleet.venues.get(code)
        return None if venue is None else venue_view(venue, self._open_of(venue), self._wall)

    def hosts(self, names: Iterable[str]) -> list[HostLine]:
        """Return hosts by their names; those that are not watched any more are left out."""
        open_at = self._open_at()
        found = [host for host in map(self._fleet.find, names) if host is not None]
        return [host_line(host, open_at.get(host.venue, ()), self._wall) for host in found]

    def host(self, name: str, passages: Iterable[Passage] = ()) -> HostView | None:
        """Return all that is known of one host; None if there is none of that name.

        ``passages``: its changes of state within the last day, the oldest first.
        """
        host = self._fleet.find(name)
        if host is None:
            return None
        open_here = self._open_of(self._fleet.venues[host.venue])
        return host_view(
            host,
            open_here,
            passages,
            self._wall,
            clock.wall(),
            hears_readings=self._centre.hears_readings,
            backlog=self._centre.credit.standing(name),
        )

    def incident(self, number: int) -> IncidentView | None:
        """Return an incident that is open or was closed lately; None if it is neither."""
        incident = self._centre.decisions.store.find(number)
        return None if incident is None else view_of(incident, self._wall)

    def incidents(self) -> list[IncidentView]:
        """Return those that are open or were closed lately, the newest first."""
        known = sorted(self._known(), key=lambda incident: incident.number, reverse=True)
        return [view_of(incident, self._wall) for incident in known]

    def open_incidents(self) -> list[IncidentView]:
        """Return the open incidents, the most urgent first, of these the oldest."""
        is_open = sorted(self._centre.decisions.store.open.values(), key=urgency_of)
        return [view_of(incident, self._wall) for incident in is_open]

    def excuses(self, venue: str = "") -> tuple[ExcuseView, ...]:
        """Return what puts verdicts off now, at a venue ("": anywhere)."""
        return excuses_of(self._centre.excuses(clock.monotonic()), venue, self._wall)

    def search(self, text: str) -> FoundPage:
        """Return the venues, hosts and incidents that a text finds; it may run in a thread."""
        return search(text, list(self._fleet.venues.values()), list(self._fleet), self._known())

    def _known(self) -> list[Incident]:
        return self._centre.decisions.store.known()

    def _open_at(self) -> Mapping[str, Sequence[Incident]]:
        found: dict[str, list[Incident]] = {}
        for incident in self._centre.decisions.store.open.values():
            for code in venues_of(incident, self._fleet):
                found.setdefault(code, []).append(incident)
        return found

    def _open_of(self, venue: Venue) -> Sequence[Incident]:
        return self._open_at().get(venue.code, ())
