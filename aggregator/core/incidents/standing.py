"""Standing: what people are told of a host, a venue or the centre now.

That is one sentence, how urgent it is, and since when. Where an incident is open, all three are the
incident's (``alerts.py``). A state without one, such as a farewell, has its sentence here.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from aggregator.core.fleet import Fleet, Venue
from aggregator.core.host import INF, Host
from aggregator.core.incidents.alerts import Severity, description_of, severity_of, urgency_of
from aggregator.core.incidents.record import Incident
from aggregator.core.states import ALIVE, HostState, VenueState
from aggregator.core.verdicts.causes import Cause


class State(NamedTuple):
    """What is told of a state without an incident; no ``severity``: all is well."""

    severity: Severity | None
    sentence: str


class Told(NamedTuple):
    """What people are told of a host or a venue.

    ``since`` is monotonic s, None where it is not known. ``number``: the incident's, if it is one.
    """

    sentence: str
    severity: Severity | None
    since: float | None
    number: int | None = None


HOST_STATES: Final[Mapping[HostState, State]] = {
    HostState.UP: State(None, "{host} in {venue} is up."),
    HostState.LATE: State(None, "{host} in {venue} is up; its last beat is late."),
    HostState.AWAY: State(
        Severity.INFO,
        "{host} in {venue} said farewell. It counts as down at {down_at}, unless it is back then.",
    ),
    HostState.UNSEEN: State(Severity.INFO, "{host} in {venue} was never heard."),
    HostState.UNKNOWN: State(
        Severity.INFO, "How {host} in {venue} is can not be told: it is still to be heard."
    ),
    HostState.UNREACHABLE: State(
        Severity.CRITICAL, "{host} is behind the cut of {venue}, and may be well."
    ),
    HostState.DOWN: State(Severity.CRITICAL, "{host} in {venue} is down."),
}
"""What is told of a host without an open incident."""

REVOKED: Final = State(
    None, "{host} in {venue} is revoked: it may say nothing, and is not expected."
)
"""What is told of a host that may say nothing any more; an operator wanted it so."""

VENUE_STATES: Final[Mapping[VenueState, State]] = {
    VenueState.OK: State(None, "All hosts of {venue} are up."),
    VenueState.DEGRADED: State(
        Severity.INFO, "{unseen} of {hosts} hosts of {venue} were never heard."
    ),
    VenueState.UNREACHABLE: State(Severity.CRITICAL, "{venue} is cut off. Its hosts may be well."),
    VenueState.UNKNOWN: State(
        Severity.INFO, "How {venue} is can not be told: {unknown} of {hosts} hosts are to be heard."
    ),
    VenueState.UNSEEN: State(Severity.INFO, "No host of {venue} was ever heard."),
    VenueState.AWAY: State(
        Severity.INFO,
        "All hosts of {venue} that were heard said farewell. The first counts as down at "
        "{down_at}, unless it is back then.",
    ),
}
"""What is told of a venue without an open incident."""

SOME_AWAY: Final = State(
    Severity.INFO,
    "{away} of {hosts} hosts of {venue} said farewell. The first counts as down at {down_at}, "
    "unless it is back then.",
)
"""What is told of a venue that is well otherwise."""

SOME_REVOKED: Final = State(None, "{revoked} of {hosts} hosts of {venue} are revoked.")
"""What is told of a venue that is well otherwise, and of one whose other hosts are unseen."""

CENTRE_STATES: Final[Mapping[str, State]] = {
    "starting": State(
        Severity.INFO, "The aggregator hears. Hosts may still be on their way to it."
    ),
    "blind": State(
        Severity.CRITICAL,
        "The aggregator hears nothing now. It accuses no host while that lasts.",
    ),
}
"""What is told of the centre without an open incident of it."""

_AWAY: Final = frozenset({HostState.AWAY})
_TO_BLAME: Final[Mapping[VenueState, frozenset[HostState]]] = {
    VenueState.DEGRADED: frozenset({HostState.DOWN, HostState.UNREACHABLE, HostState.UNSEEN}),
    VenueState.UNREACHABLE: frozenset({HostState.UNREACHABLE}),
    VenueState.UNKNOWN: frozenset({HostState.UNKNOWN}),
    VenueState.UNSEEN: frozenset({HostState.UNSEEN}),
}


def down_at(host: Host) -> float | None:
    """Return when (monotonic s) a host that said farewell counts as down; None of any other."""
    if host.state is not HostState.AWAY:
        return None
    at = max(host.deadline, host.put_off_until)
    return None if at == INF else at


def first_down_at(venue: Venue) -> float | None:
    """Return when (monotonic s) the first of a venue's hosts that said farewell does."""
    times = (down_at(host) for host in list(venue.hosts.values()))
    return min((at for at in times if at is not None), default=None)


def is_behind(host: Host, incident: Incident) -> bool:
    """Tell whether a host is behind an incident of many, and is not heard again."""
    if host.state in ALIVE:
        return False
    if incident.cause is Cause.CENTRE_SIDE_LOSS:
        return host.venue in incident.children
    return host.name in incident.children


def venues_of(incident: Incident, fleet: Fleet) -> set[str]:
    """Return the codes of the venues that an incident is told of.

    One of the centre is told of the venues behind it that have a host that is not back.
    """
    subject = incident.subject
    if subject.venue or not incident.children:
        return {subject.venue} - {""}
    if incident.cause is Cause.CENTRE_SIDE_LOSS:
        venues = filter(None, map(fleet.venues.get, incident.children))
        return {venue.code for venue in venues if venue.counts[HostState.UNREACHABLE]}
    hosts = filter(None, map(fleet.find, incident.children))
    return {host.venue for host in hosts if host.state is HostState.UNREACHABLE}


def host_told(host: Host, incidents: Iterable[Incident], until: str) -> Told:
    """Return what is told of a host: its worst incident, or its state.

    ``incidents``: the open ones of it, and those that it is a child of. ``until``: the time at
    which it counts as down, as the reader's clock shows it.
    """
    worst = min(incidents, key=urgency_of, default=None)
    if worst is not None:
        return _told_of(worst)
    is_revoked = host.is_revoked and host.state is HostState.AWAY
    severity, sentence = REVOKED if is_revoked else HOST_STATES[host.state]
    told = sentence.format(host=host.name, venue=host.venue, down_at=until)
    return Told(told, severity, None if host.since == -INF else host.since)


def venue_told(venue: Venue, incidents: Iterable[Incident], until: str) -> Told:
    """Return what is told of a venue: its worst incident, or its state.

    ``incidents``: the open ones of it, of its hosts and of their checks. ``until``: the time at
    which the first host that said farewell counts as down, as the reader's clock shows it.
    """
    worst = min(incidents, key=urgency_of, default=None)
    if worst is not None:
        return _told_of(worst)
    state, counts = venue.state, venue.counts
    revoked = sum(host.is_revoked for host in list(venue.hosts.values()))
    left = counts[HostState.AWAY] - revoked
    severity, sentence = _state_told(state, left, revoked)
    told = sentence.format(
        venue=venue.code,
        hosts=sum(counts.values()),
        down_at=until,
        revoked=revoked,
        **{str(each): count for each, count in counts.items()} | {"away": left},
    )
    return Told(told, severity, _since(venue))


def _state_told(state: VenueState, left: int, revoked: int) -> State:
    """Return what is told of a venue of which so many hosts sent a farewell or are revoked."""
    if state in {VenueState.OK, VenueState.AWAY} and revoked and not left:
        return SOME_REVOKED
    return SOME_AWAY if state is VenueState.OK and left else VENUE_STATES[state]


def centre_told(state: str, incidents: Iterable[Incident], since: float | None) -> Told | None:
    """Return what is told of the centre: its worst incident, or its state; None while it hears.

    ``incidents``: the open ones of it. ``since``: when (monotonic s) it last began to hear nothing.
    """
    worst = min(incidents, key=urgency_of, default=None)
    if worst is not None:
        return _told_of(worst)
    found = CENTRE_STATES.get(state)
    return None if found is None else Told(found.sentence, found.severity, since)


def _since(venue: Venue) -> float | None:
    """Return since when the first of the hosts that give a venue its state is in theirs."""
    to_blame = _TO_BLAME.get(venue.state, _AWAY)
    hosts = [host.since for host in venue.hosts.values() if host.state in to_blame]
    return min((since for since in hosts if since != -INF), default=None)


def _told_of(incident: Incident) -> Told:
    return Told(
        description_of(incident), severity_of(incident), incident.opened_at, incident.number
    )
