"""What an earlier process knew, given back to the core before it hears anything.

Whoever was up is ``unknown`` until it is heard or its grace ends, so that who died meanwhile is
told once. Whoever was down, away or cut off stays so, and is not told again. Times are monotonic
seconds of this process, all of them in its past; ``wall`` is seconds since 1970.
"""

from collections.abc import Sequence
from typing import NamedTuple

from aggregator.core.events import Incident, Subject
from aggregator.core.evidence import Verdict
from aggregator.core.fleet import Fleet, Host
from aggregator.core.rules import flapping
from aggregator.core.states import HostState
from aggregator.core.watch import Watch

_PLACED = frozenset({HostState.DOWN, HostState.UNREACHABLE, HostState.AWAY})


class Moment(NamedTuple):
    """A moment, on both clocks."""

    at: float
    wall: float


class KnownHost(NamedTuple):
    """How a host stood. ``evidence`` is the last of its life when that was written down.

    ``interval_s``: how often it beats. ``was_up``: whether it was up when that could last be told.
    """

    venue: str
    name: str
    state: HostState
    since: float
    cause: str | None
    interval_s: float
    evidence: Moment | None
    was_up: bool


def as_known(host: Host) -> KnownHost:
    """Return how ``host`` stands, to be given back to a later process."""
    evidence = None
    if host.evidence_at is not None and host.evidence_wall is not None:
        evidence = Moment(host.evidence_at, host.evidence_wall)
    return KnownHost(
        host.venue,
        host.name,
        host.state,
        host.since,
        host.cause,
        host.interval_s,
        evidence,
        was_up=host.counts_as_up,
    )


class Memory(NamedTuple):
    """All of it. ``alive`` is when the earlier process was last known to run.

    ``incidents`` are the open ones and the latest closed ones; no number from ``next_number`` on
    has ever been given.
    """

    hosts: Sequence[KnownHost] = ()
    incidents: Sequence[Incident] = ()
    next_number: int = 1
    alive: Moment | None = None


def restore(watch: Watch, memory: Memory, now: float) -> list[KnownHost]:
    """Give ``watch``, which has heard nothing yet, what an earlier process knew.

    Incidents of whom the inventory no longer has are closed now, which is an event. Return the
    hosts that the inventory no longer has where they were.
    """
    incidents = sorted(memory.incidents, key=lambda incident: incident.number)
    open_now = {incident.subject for incident in incidents if incident.closed_at is None}
    gone = []
    for known in memory.hosts:
        host = watch.fleet.find(known.name)
        if host is None or host.venue != known.venue:
            gone.append(known)
        else:
            _restore_host(watch, host, known, memory.alive, open_now)
    watch.incidents.restore(incidents, next_number=memory.next_number, now=now)
    for incident in incidents:
        if incident.closed_at is None:
            _settle(watch, incident, now)
    for venue in watch.fleet.venues.values():
        if not watch.incidents.is_fallen(Subject("venue", venue.code)):
            watch.detector.leniency.expect_back(venue.hosts.values(), now)
    return gone


def _restore_host(
    watch: Watch, host: Host, known: KnownHost, alive: Moment | None, open_now: set[Subject]
) -> None:
    evidence = known.evidence
    if known.state is HostState.UP and alive is not None:  # of the others it is the last there was
        evidence = alive if evidence is None else max(alive, evidence)
    host.allowance_s = known.interval_s + host.margin_s
    if evidence is not None:
        host.evidence_at, host.evidence_wall = evidence
    is_untold = (
        known.state is HostState.DOWN and Subject("host", host.venue, host.name) not in open_now
    )
    if known.state in _PLACED and not is_untold:
        watch.detector.place(host, known.state, known.since, known.cause)
    else:
        host.was_up = known.was_up


def _settle(watch: Watch, incident: Incident, now: float) -> None:
    """See that an open incident ends when its subject is well again, whatever it is about."""
    subject, incidents = incident.subject, watch.incidents
    if not _is_expected(watch.fleet, subject):
        incidents.end(subject, now)
        return
    match subject.scope:
        case "host" | "venue":
            fallen = _fallen(watch.fleet, incident)
            if fallen is not None:
                if fallen.state is HostState.DOWN:
                    fallen.closed_at = _will_of(incident)
                    watch.inquiries.ask_later(fallen)
                incidents.hold(subject, Verdict(fallen.cause or incident.cause), fallen.since, now)
            elif incident.cause != flapping.CAUSE:
                incidents.end(subject, now)
        case "identity":
            watch.oddities.contest(subject, now)
        case "feed":
            watch.feeds.restore(incident)
        case "link" if subject.host or any(map(watch.fleet.find, incident.children)):
            watch.oddities.has_venue_links |= not subject.host
        case "link":
            incidents.end(subject, now)


def _will_of(incident: Incident) -> float | None:
    """Return when (s) the broker said a will that an incident of a host stands on."""
    return next((seen.at for seen in incident.evidence if seen.seen == "will"), None)


def _is_expected(fleet: Fleet, subject: Subject) -> bool:
    if subject.host:
        host = fleet.find(subject.host)
        return host is not None and host.venue == subject.venue
    return not subject.venue or subject.venue in fleet.venues


def _fallen(fleet: Fleet, incident: Incident) -> Host | None:
    """Return who shows that the subject of an incident is still down; None if nobody does.

    A venue that flaps may be back, with hosts that are still to find their way: nobody knows.
    """
    subject = incident.subject
    if subject.scope == "host":
        host = fleet.find(subject.host)
        return host if host is not None and host.state is HostState.DOWN else None
    if incident.cause == flapping.CAUSE:
        return None
    hosts = fleet.venues[subject.venue].hosts.values()
    return next((host for host in hosts if host.state is HostState.UNREACHABLE), None)
