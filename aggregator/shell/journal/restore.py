"""Restoration: the rows of the journal as the core's memory, in this process's seconds.

Another version, or a damaged disk, may have left what this version cannot know. No such row keeps
it from watching: an unknown word becomes the general one beside it, and a row that makes no sense
is left where it is. Both are logged once, with their counts.
"""

import logging
from collections import Counter
from collections.abc import Mapping

from msgspec.structs import replace

from aggregator.core.incidents.record import Scope
from aggregator.core.outputs import KnownHost, Moment
from aggregator.core.restore import Memory
from aggregator.core.states import HostState
from aggregator.core.verdicts.causes import Cause
from aggregator.shell.http.incidents import IncidentJson, incident_of
from aggregator.shell.journal.rows import ALIVE_AT, NEXT_NUMBER, HostRow, JournalContent
from aggregator.shell.walltime import WallTime
from venuewatch.base import log

GENERAL_CAUSES: Mapping[Scope, Cause] = {
    "centre": Cause.AGGREGATOR_BLIND,
    "venue": Cause.VENUE_UNREACHABLE,
    "host": Cause.SILENT,
    "link": Cause.ONE_WAY_LOSS,
    "feed": Cause.RESULTS_FROZEN,
    "identity": Cause.DUPLICATE_IDENTITY,
    "clock": Cause.CLOCK_SKEW,
}
"""What an unknown cause becomes, by the scope of its incident."""

_STATES = frozenset(HostState)
_CAUSES = frozenset(Cause)
_FALLING = frozenset({"host", "venue"})

_logger = logging.getLogger("aggregator.journal")


def memory_of(left: JournalContent, wall: WallTime) -> Memory:
    """Return what earlier processes have left, as far as this version understands it."""
    unknown: Counter[str] = Counter()
    hosts = [_known(_in_our_words(row, unknown), wall) for row in left.hosts]
    whole = [incident for incident in left.incidents if _is_whole(incident)]
    incidents = [incident_of(_of_a_known_cause(each, unknown), wall) for each in whole]
    skipped = left.skipped + Counter(incidents=len(left.incidents) - len(whole))
    if unknown or skipped:
        log.event(
            _logger,
            logging.WARNING,
            "journal_not_understood",
            unknown=dict(unknown),
            skipped=dict(skipped),
        )
    return Memory(
        hosts,
        incidents,
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


def _in_our_words(row: HostRow, unknown: Counter[str]) -> HostRow:
    """Return a host in a known state: ``unknown`` is said of it until it is heard."""
    if row.state not in _STATES:
        unknown[f"state {row.state}"] += 1
        row = replace(row, state=HostState.UNKNOWN.value)
    if row.cause is not None and row.cause not in _CAUSES:
        unknown[f"cause {row.cause}"] += 1
        scope: Scope = "venue" if row.state == HostState.UNREACHABLE else "host"
        row = replace(row, cause=GENERAL_CAUSES[scope].value)
    return row


def _of_a_known_cause(incident: IncidentJson, unknown: Counter[str]) -> IncidentJson:
    is_misplaced = incident.cause == Cause.FLAPPING and incident.scope not in _FALLING
    if incident.cause in _CAUSES and not is_misplaced:
        return incident
    unknown[f"cause {incident.cause}"] += 1
    return replace(incident, cause=GENERAL_CAUSES[incident.scope].value)


def _is_whole(incident: IncidentJson) -> bool:
    """Tell whether an incident names what one of its scope is about, and nothing else."""
    scope = incident.scope
    is_placed = bool(incident.venue) == (scope != "centre")
    is_of_host = scope == "link" or bool(incident.host) == (scope not in {"centre", "venue"})
    return is_placed and is_of_host and bool(incident.check) == (scope == "feed")


def _moment(at: float | None, wall: WallTime) -> Moment | None:
    return None if at is None else Moment(wall.before(at), at)
