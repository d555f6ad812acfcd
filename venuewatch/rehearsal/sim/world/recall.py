"""What the journal would give back to a restarted core, without the journal."""

from aggregator.core.fleet import Host
from aggregator.core.memory import KnownHost, Memory, Moment, restore
from aggregator.core.watch import Watch


def recall(before: Watch, after: Watch, stopped_at: float, now: float) -> None:
    """Give ``after``, which begins at ``now``, what ``before`` knew when it stopped (s)."""
    incidents = before.incidents.known()
    memory = Memory(
        hosts=[_known(host) for host in before.fleet if host.is_listed],
        incidents=incidents,
        next_number=1 + max((incident.number for incident in incidents), default=0),
        alive=Moment(stopped_at, stopped_at),
    )
    restore(after, memory, now)


def _known(host: Host) -> KnownHost:
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
