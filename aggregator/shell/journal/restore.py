"""Restoration: the rows of the journal as the core's memory, in this process's seconds."""

from aggregator.core.outputs import KnownHost, Moment
from aggregator.core.restore import Memory
from aggregator.core.states import HostState
from aggregator.core.verdicts.causes import Cause
from aggregator.shell.http.incidents import incident_of
from aggregator.shell.journal.rows import ALIVE_AT, NEXT_NUMBER, HostRow, JournalContent
from aggregator.shell.walltime import WallTime


def memory_of(left: JournalContent, wall: WallTime) -> Memory:
    """Return what earlier processes have left.

    Raises:
        ValueError: a host is in a state, or has a cause, that there is none.
    """
    return Memory(
        [_known(row, wall) for row in left.hosts],
        [incident_of(incident, wall) for incident in left.incidents],
        int(left.marks[NEXT_NUMBER]),
        left.told,
        left.heard,
        _moment(left.marks.get(ALIVE_AT), wall),
    )


def _known(row: HostRow, wall: WallTime) -> KnownHost:
    return KnownHost(
        row.venue,
        row.host,
        HostState(row.state),
        wall.before(row.since),
        None if row.cause is None else Cause(row.cause),
        row.interval_s,
        _moment(row.evidence_at, wall),
        row.was_up,
    )


def _moment(at: float | None, wall: WallTime) -> Moment | None:
    return None if at is None else Moment(wall.before(at), at)
