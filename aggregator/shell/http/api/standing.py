"""Standing: what is told of a venue, host, check or the centre that is not well.

That is one sentence, how urgent it is, and since when. Where an incident is open, all three are the
incident's. A state without one, such as a farewell, has its sentence in ``STATES``. Who shows a
state to people takes it from here and derives none.

Times are s since 1970, to the millisecond.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from aggregator.core.fleet import INF, Host, Venue
from aggregator.core.incidents.alerts import Severity, description_of, row_of
from aggregator.core.incidents.record import Incident
from aggregator.core.states import HostState, VenueState, venue_state
from aggregator.shell.walltime import WallTime

_RANK = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2}

HOST_STATES: Final[Mapping[HostState, str]] = {
    HostState.LATE: "{host} in {venue} is late: a heartbeat is overdue, and that is no alarm yet.",
    HostState.DOWN: "{host} in {venue} sends nothing.",
    HostState.UNREACHABLE: "{host} can not be heard, since {venue} is cut off. It may be well.",
    HostState.AWAY: "{host} in {venue} was shut down in order.",
    HostState.UNSEEN: "{host} in {venue} is expected, and was never heard.",
    HostState.UNKNOWN: "How {host} in {venue} is, is not known now.",
}
"""What is told of a host in this state while no incident of it is open."""

VENUE_STATES: Final[Mapping[VenueState, str]] = {
    VenueState.DEGRADED: "A part of {venue} is not well.",
    VenueState.UNREACHABLE: "{venue} can not be heard. Its hosts may be well.",
    VenueState.UNKNOWN: "How {venue} is, is not known now.",
    VenueState.UNSEEN: "No host of {venue} was ever heard.",
    VenueState.AWAY: "Every host of {venue} was shut down in order.",
}
"""What is told of a venue in this state while no incident there is open."""

CENTRE_STATES: Final[Mapping[str, str]] = {
    "starting": "The centre hears, and hosts may still be on their way to it.",
    "blind": "The centre hears nothing now. It accuses no host while that lasts.",
}
"""What is told of the centre in this state while no incident of it is open."""

_TO_BLAME: Final[Mapping[VenueState, frozenset[HostState]]] = {
    VenueState.DEGRADED: frozenset({HostState.DOWN, HostState.UNREACHABLE, HostState.UNSEEN}),
    VenueState.UNREACHABLE: frozenset({HostState.UNREACHABLE}),
    VenueState.UNKNOWN: frozenset({HostState.UNKNOWN}),
    VenueState.UNSEEN: frozenset({HostState.UNSEEN}),
    VenueState.AWAY: frozenset({HostState.AWAY}),
}


class Standing(NamedTuple):
    """What is told of one thing. All is None of what is well, but ``since`` may be known.

    ``incident``: the number of the incident that tells it.
    """

    sentence: str | None = None
    severity: Severity | None = None
    since: float | None = None
    incident: int | None = None


def urgency(incident: Incident) -> tuple[int, float, int]:
    """Return the key that sorts incidents: the most urgent first, of these the oldest."""
    severity = row_of(incident.subject, incident.cause).alert.severity
    return _RANK[severity], incident.opened_at, incident.number


def severity_of(incident: Incident) -> Severity:
    """Return how urgent an incident is."""
    return row_of(incident.subject, incident.cause).alert.severity


def by_incident(incidents: Iterable[Incident], wall: WallTime) -> Standing | None:
    """Return what the most urgent of some incidents tells; None without any."""
    worst = min(incidents, key=urgency, default=None)
    if worst is None:
        return None
    return Standing(
        description_of(worst), severity_of(worst), wall.wall(worst.opened_at), worst.number
    )


def of_host(host: Host, incidents: Iterable[Incident], wall: WallTime) -> Standing:
    """Return what is told of a host, of which (or of whose venue) these incidents are open."""
    told = by_incident(incidents, wall)
    if told is not None:
        return told
    since = None if host.since == -INF else wall.wall(host.since)
    sentence = HOST_STATES.get(host.state)
    if sentence is None:
        return Standing(since=since)
    where = {"host": host.name, "venue": host.venue}
    return Standing(sentence.format_map(where), Severity.INFO, since)


def of_venue(venue: Venue, incidents: Iterable[Incident], wall: WallTime) -> Standing:
    """Return what is told of a venue, at which these incidents are open."""
    told = by_incident(incidents, wall)
    if told is not None:
        return told
    state = venue_state(venue.counts)
    sentence = VENUE_STATES.get(state)
    if sentence is None:
        return Standing()
    to_blame = _TO_BLAME[state]
    known = [host.since for host in venue.hosts.values() if host.state in to_blame]
    times = [since for since in known if since != -INF]
    since = wall.wall(min(times)) if times else None
    return Standing(sentence.format_map({"venue": venue.code}), Severity.INFO, since)


def of_centre(state: str, blind_since: float | None, wall: WallTime) -> Standing:
    """Return what is told of the centre in a state while no incident of it is open."""
    sentence = CENTRE_STATES.get(state)
    if sentence is None:
        return Standing()
    since = None if blind_since is None else wall.wall(blind_since)
    return Standing(sentence, Severity.INFO, since)
