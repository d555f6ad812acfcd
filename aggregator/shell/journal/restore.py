"""Conversion of the journal's rows to the core's memory, and of hosts to rows."""

from aggregator.core.fleet import Host
from aggregator.core.memory import KnownHost, Memory, Moment
from aggregator.core.states import ALIVE, HostState, Trigger
from aggregator.core.watch import Watch
from aggregator.shell.http.incidents import incident_of
from aggregator.shell.journal.rows import (
    ALIVE_AT,
    NEXT_NUMBER,
    HostRow,
    JournalContent,
    TransitionRow,
)
from aggregator.shell.walltime import WallTime


def memory_of(left: JournalContent, wall: WallTime) -> Memory:
    """Return what earlier processes have left, in monotonic seconds of this process.

    Raises:
        ValueError: a host's state is unknown to the core.
    """
    return Memory(
        [_known(row, wall) for row in left.hosts],
        [incident_of(incident, wall) for incident in left.incidents],
        int(left.marks[NEXT_NUMBER]),
        _moment(left.marks.get(ALIVE_AT), wall),
    )


def resumed(left: JournalContent, watch: Watch) -> tuple[list[HostRow], list[TransitionRow]]:
    """Return the hosts that became unknown by the restart, and their transitions.

    They are stored at once, so that a second crash finds the same last evidence of each host.
    """
    alive_at = left.marks.get(ALIVE_AT, 0.0)
    rows, transitions = [], []
    for row in left.hosts:
        host = watch.fleet.find(row.host)
        if host is None or host.state is not HostState.UNKNOWN or row.state == host.state:
            continue
        since = max(row.since, alive_at)
        rows.append(host_row(host, since))
        if row.state in ALIVE:
            silent_since, why = host.evidence_wall, Trigger.BLINDED.value
            transitions.append(
                TransitionRow(
                    since, row.venue, row.host, row.state, host.state.value, why, silent_since
                )
            )
    return rows, transitions


def host_row(host: Host, since: float) -> HostRow:
    """Return the row of ``host``, whose state began at ``since`` (s since 1970)."""
    evidence_at = None if host.evidence_wall is None else round(host.evidence_wall, 3)
    return HostRow(
        host.name,
        host.venue,
        host.state.value,
        since,
        host.cause,
        round(host.interval_s, 3),
        evidence_at,
        was_up=host.counts_as_up,
    )


def _known(row: HostRow, wall: WallTime) -> KnownHost:
    return KnownHost(
        row.venue,
        row.host,
        HostState(row.state),
        wall.before(row.since),
        row.cause,
        row.interval_s,
        _moment(row.evidence_at, wall),
        row.was_up,
    )


def _moment(at: float | None, wall: WallTime) -> Moment | None:
    return None if at is None else Moment(wall.before(at), at)
