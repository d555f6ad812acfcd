"""Restoration: gives the core what an earlier process knew, before it hears anything.

A host that was up starts as ``unknown`` until its first beat or the end of its grace: one that died
while we were down is reported once. A host that was down, away or cut off stays so, and is not
reported again. Times are monotonic seconds of this process, all of them in its past.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from aggregator.core.decisions import Decisions
from aggregator.core.dedup import HeardRanges
from aggregator.core.fleet import Fleet
from aggregator.core.host import Host
from aggregator.core.incidents.record import Incident, Subject
from aggregator.core.incidents.troubles import RESTORED_S
from aggregator.core.losses import CENTRE_SIDE
from aggregator.core.outputs import HostChanged, KnownHost, Moment
from aggregator.core.reception import Reception
from aggregator.core.states import ALIVE, HostState, Trigger
from aggregator.core.storing import as_known
from aggregator.core.verdicts.causes import Cause, Verdict

_PLACED = frozenset({HostState.DOWN, HostState.UNREACHABLE, HostState.AWAY})
_SAID_AGAIN = frozenset({"bridge", "budget", "terms"})  # soon, if it is still so


class Memory(NamedTuple):
    """All that an earlier process left.

    ``incidents`` are the open ones and the latest closed ones; no number from ``next_number`` on
    has ever been given. ``reported``: how many changes were reported of each open one. ``heard``:
    which readings it had received. ``alive`` is when it was last known to run.
    ``jump_s``: how far (s) our wall clock was set ahead since, if that was a jump.
    """

    hosts: Sequence[KnownHost] = ()
    incidents: Sequence[Incident] = ()
    next_number: int = 1
    reported: Mapping[int, int] = {}
    heard: Sequence[HeardRanges] = ()
    alive: Moment | None = None
    jump_s: float = 0.0


class Restored(NamedTuple):
    """What has to be stored of it: hosts that are unknown now and were not, and that change.

    ``gone``: hosts that the inventory no longer has where they were.
    """

    hosts: list[KnownHost]
    changes: list[HostChanged]
    gone: list[str]


def memory_of(decisions: Decisions, alive: Moment) -> Memory:
    """Return what a later process has to know, as the journal would give it back.

    Of readings it knows nothing: a stored number of each is the journal's alone.
    """
    return Memory(
        hosts=[as_known(host) for host in decisions.fleet if host.is_listed],
        incidents=decisions.store.known(),
        next_number=decisions.store.next_number,
        reported=decisions.store.reported.copy(),
        alive=alive,
    )


def restore(decisions: Decisions, reception: Reception, memory: Memory, now: float) -> Restored:
    """Give the core, which has heard nothing yet, what an earlier process knew.

    Incidents of subjects that the inventory no longer has are closed now, which is reported. So
    are, of several that are open about the same, all but the latest.
    """
    fleet, incidents = decisions.fleet, decisions.incidents
    known_incidents = sorted(memory.incidents, key=lambda incident: incident.number)
    never_closed = [incident for incident in known_incidents if incident.closed_at is None]
    still_open = list({incident.subject: incident for incident in never_closed}.values())
    reception.readings.restore(memory.heard)
    restored = Restored([], [], [])
    for known in memory.hosts:
        host = fleet.find(known.name)
        if host is None or host.venue != known.venue:
            restored.gone.append(known.name)
        else:
            is_open = any(incident.subject == _subject_of(host) for incident in still_open)
            _restore_host(decisions, host, known, memory.alive, is_told=is_open)
            _resume(host, known, memory.alive, restored)
    incidents.restore(
        known_incidents, next_number=memory.next_number, reported=memory.reported, now=now
    )
    for incident in never_closed:
        if incidents.open[incident.subject].number != incident.number:
            decisions.store.supersede(incident.number)
    for incident in still_open:
        _settle(decisions, reception, incident, now)
    for jump_s in (*_doubted(still_open), memory.jump_s):  # as if we had seen each of them
        if jump_s:
            reception.our_clock.jumped(jump_s, now)
    for venue in fleet.venues.values():
        alone = [host for host in venue.hosts.values() if not decisions.losses.is_held(host)]
        decisions.expectation.expect_back(alone, now)
    decisions.plan()
    return restored


def _doubted(still_open: Iterable[Incident]) -> Iterator[float]:
    """Yield each jump (s) of the doubt about our clock in which an earlier process ended."""
    for incident in still_open:
        for seen in incident.evidence:
            jump_s = seen.detail.get("jump_s")
            is_of_it = incident.cause is Cause.CLOCK_JUMP and seen.seen == "trouble"
            if is_of_it and isinstance(jump_s, float | int):
                yield float(jump_s)


def _subject_of(host: Host) -> Subject:
    return Subject("host", host.venue, host.name)


def _restore_host(
    decisions: Decisions, host: Host, known: KnownHost, alive: Moment | None, *, is_told: bool
) -> None:
    evidence = known.evidence
    if known.state is HostState.UP and alive is not None:  # of the others it is the last there was
        evidence = alive if evidence is None else max(alive, evidence)
    host.allowance_s = known.interval_s + host.margin_s
    if evidence is not None:
        host.evidence_at, host.evidence_wall = evidence
    if host.is_revoked:  # it is away already
        host.since = known.since
    elif known.state in _PLACED and (known.state is not HostState.DOWN or is_told):
        decisions.liveness.place(host, known.state, known.since, known.cause)
    else:
        host.was_up = known.was_up


def _resume(host: Host, known: KnownHost, alive: Moment | None, restored: Restored) -> None:
    """Note a host that is unknown or revoked now and was not, and since when.

    It is stored at once, so that a second crash finds the last evidence where the first left it.
    """
    is_revoked = host.is_revoked and known.state is not HostState.AWAY
    is_unknown = host.state is HostState.UNKNOWN and known.state is not HostState.UNKNOWN
    if not (is_revoked or is_unknown):
        return
    since = known.since if alive is None else max(known.since, alive.at)
    if is_revoked:
        host.since = since
    restored.hosts.append(as_known(host)._replace(since=since))
    if is_revoked or known.state in ALIVE:
        restored.changes.append(
            HostChanged(
                since,
                known.venue,
                known.name,
                known.state,
                host.state,
                Trigger.REVOKED if is_revoked else Trigger.BLINDED,
                host.evidence_at,
            )
        )


def _settle(decisions: Decisions, reception: Reception, incident: Incident, now: float) -> None:
    """Have an open incident end when its subject is well again, whatever it is about."""
    subject, incidents, fleet = incident.subject, decisions.incidents, decisions.fleet
    if not fleet.has(subject.venue, subject.host):
        incidents.forget(subject, now)
        return
    if incident.cause is Cause.HUNG_UP_TOGETHER or subject == CENTRE_SIDE:
        _settle_loss(decisions, incident, now)
        return
    match subject.scope:
        case "host" | "venue":
            _settle_fall(decisions, incident, now)
        case "budget":
            decisions.expectation.budget.restore(fleet.named(subject.host), now)
        case "identity":
            decisions.twins.restore(incident, now)
        case "feed" | "source" as scope:
            of = reception.feeds if scope == "feed" else reception.source_clocks
            of.restore(incident)
        case "check":
            decisions.checks.restore(incident, now)
        case "link":
            decisions.one_way.settle(incident, now)
        case _ if subject.check or subject.scope in _SAID_AGAIN:
            incidents.end_at(subject, now + RESTORED_S)


def _settle_fall(decisions: Decisions, incident: Incident, now: float) -> None:
    """Have the incident of a host or venue go on if it is still down, and end if it is not."""
    subject, incidents = incident.subject, decisions.incidents
    fallen = _fallen(decisions.fleet, incident)
    if fallen is not None:
        if fallen.state is HostState.DOWN:
            fallen.closed_at = _will_of(incident)
            decisions.probes.ask_later(fallen)
        incidents.restore_fall(subject, Verdict(fallen.cause or incident.cause), fallen.since, now)
    elif incident.cause is not Cause.FLAPPING:
        incidents.end(subject, now)


def _settle_loss(decisions: Decisions, incident: Incident, now: float) -> None:
    """Have the incident of many go on while any of them is not back."""
    subject = incident.subject
    if not decisions.losses.restore(incident, now):
        decisions.incidents.end(subject, now)
    elif subject.scope == "venue":
        verdict = Verdict(incident.cause)
        decisions.incidents.restore_fall(subject, verdict, incident.opened_at, now)


def _will_of(incident: Incident) -> float | None:
    """Return when (s) the broker published a will that an incident of a host stands on."""
    return next((seen.at for seen in incident.evidence if seen.seen == "will"), None)


def _fallen(fleet: Fleet, incident: Incident) -> Host | None:
    """Return a host that shows that the subject of an incident is still down; None without one.

    A venue that flaps may be back, with hosts that are still to find their way: nobody knows.
    """
    subject = incident.subject
    if subject.scope == "host":
        host = fleet.find(subject.host)
        return host if host is not None and host.state is HostState.DOWN else None
    if incident.cause is Cause.FLAPPING:
        return None
    hosts = fleet.venues[subject.venue].hosts.values()
    return next((host for host in hosts if host.state is HostState.UNREACHABLE), None)
