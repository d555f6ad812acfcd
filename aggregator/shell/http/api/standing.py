"""Standing: what people are told of a venue, host check or the centre, in wall time.

The words are the core's (``aggregator/core/incidents``). Who shows a state to people takes it from
here and derives none.
"""

from collections.abc import Iterable
from typing import NamedTuple

from aggregator.core.fleet import Venue
from aggregator.core.host import Host
from aggregator.core.incidents.alerts import Severity, description_of, severity_of, urgency_of
from aggregator.core.incidents.record import Incident
from aggregator.core.incidents.standing import (
    Told,
    centre_told,
    down_at,
    first_down_at,
    host_told,
    venue_told,
)
from aggregator.core.states import HostState, VenueState
from aggregator.shell.walltime import WallTime
from venuewatch.base import times


class Standing(NamedTuple):
    """What is told of one thing. All is None of what is well, but ``since`` may be known.

    ``since`` is s since 1970. ``incident``: the number of the incident that tells it.
    """

    sentence: str | None = None
    severity: Severity | None = None
    since: float | None = None
    incident: int | None = None


def by_incident(incidents: Iterable[Incident], wall: WallTime) -> Standing:
    """Return what the most urgent of some incidents tells; nothing without any."""
    worst = min(incidents, key=urgency_of, default=None)
    if worst is None:
        return Standing()
    since = wall.wall(worst.opened_at)
    return Standing(description_of(worst), severity_of(worst), since, worst.number)


def of_host(host: Host, incidents: Iterable[Incident], wall: WallTime) -> Standing:
    """Return what is told of a host, of which (or of whose venue) these incidents are open."""
    told = _shown(host_told(host, incidents, _clock(down_at(host), wall)), wall)
    is_well = host.state is HostState.UP and told.incident is None
    return told._replace(sentence=None) if is_well else told


def of_venue(venue: Venue, incidents: Iterable[Incident], wall: WallTime) -> Standing:
    """Return what is told of a venue, at which these incidents are open."""
    told = _shown(venue_told(venue, incidents, _clock(first_down_at(venue), wall)), wall)
    is_well = venue.state is VenueState.OK and told.severity is None
    return told._replace(sentence=None) if is_well else told


def of_centre(
    state: str, incidents: Iterable[Incident], since: float | None, wall: WallTime
) -> Standing:
    """Return what is told of the centre, of which these incidents are open.

    ``since``: when (monotonic s) it last began to hear nothing.
    """
    told = centre_told(state, incidents, since)
    return Standing() if told is None else _shown(told, wall)


def _shown(told: Told, wall: WallTime) -> Standing:
    since = None if told.since is None else wall.wall(told.since)
    return Standing(told.sentence, told.severity, since, told.number)


def _clock(at: float | None, wall: WallTime) -> str:
    """Return a time of day (monotonic s) of the centre with its zone."""
    if at is None:
        return "a time not known"
    moment = wall.wall(at)
    return times.moment(moment, moment)
