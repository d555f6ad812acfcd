"""Restoration: the rows of the journal as the core's memory, in this process's seconds.

Another version, or a damaged disk, may have left what this version cannot know. No such row keeps
it from watching: an unknown word becomes the general one beside it, and a row that makes no sense
is left where it is. Both are logged once, with their counts.
"""

import logging
from collections import Counter
from collections.abc import Mapping

from aggregator.core.incidents.record import Scope
from aggregator.core.outputs import KnownHost, Moment
from aggregator.core.restore import Memory
from aggregator.core.states import HostState
from aggregator.core.verdicts.causes import Cause
from aggregator.shell.http.api.record import IncidentJson, incident_of
from aggregator.shell.journal.rows import ALIVE_AT, NEXT_NUMBER, HostRow, JournalContent
from aggregator.shell.walltime import WallTime
from venuewatch.base import log

GENERAL_CAUSES: Mapping[Scope, Cause] = {
    "centre": Cause.AGGREGATOR_BLIND,
    "venue": Cause.VENUE_UNREACHABLE,
    "host": Cause.SILENT,
    "link": Cause.ONE_WAY_LOSS,
    "feed": Cause.RESULTS_FROZEN,
    "source": Cause.RESULTS_CLOCK,
    "check": Cause.CHECK_FAILED,
    "identity": Cause.DUPLICATE_IDENTITY,
    "clock": Cause.CLOCK_SKEW,
    "bridge": Cause.BRIDGE_UNSTABLE,
    "budget": Cause.OVER_BUDGET,
    "terms": Cause.TERMS_REFUSED,
}
"""What an unknown cause becomes, by the scope of its incident."""

_STATES = frozenset(HostState)
_CAUSES = frozenset(Cause)
_FALLING = frozenset({"host", "venue", "check"})
_OF_VENUE_OR_HOST = frozenset({"link", "check"})
_WITHOUT_HOST = frozenset({"centre", "venue", "bridge"})
_WITH_CHECK = frozenset({"feed", "source", "check"})

_logger = logging.getLogger("aggregator.journal")


def memory_of(left: JournalContent, wall: WallTime) -> Memory:
    """Return what earlier processes have left, as far as this version understands it."""
    unknown: Counter[str] = Counter()
    hosts = [_known(row, wall, unknown) for row in left.hosts]
    whole = [incident for incident in left.incidents if _is_whole(incident)]
    incidents = [incident_of(each, wall, _cause(each.scope, each.cause, unknown)) for each in whole]
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


def _known(row: HostRow, wall: WallTime, unknown: Counter[str]) -> KnownHost:
    """Return a host; of a state that is unknown here it is said that it is not known."""
    state, cause = HostState.UNKNOWN, None
    if row.state in _STATES:
        state = HostState(row.state)
    else:
        unknown[f"state {row.state}"] += 1
    if row.cause is not None:
        cause = _cause("venue" if state is HostState.UNREACHABLE else "host", row.cause, unknown)
    evidence = _moment(row.evidence_at, wall)
    since = wall.before(row.since)
    return KnownHost(row.venue, row.host, state, since, cause, row.interval_s, evidence, row.was_up)


def _cause(scope: Scope, word: str, unknown: Counter[str]) -> Cause:
    """Return the cause of that name; the general one if there is none, or not of this scope."""
    if word in _CAUSES and (word != Cause.FLAPPING or scope in _FALLING):
        return Cause(word)
    unknown[f"cause {word}"] += 1
    return GENERAL_CAUSES[scope]


def _is_whole(incident: IncidentJson) -> bool:
    """Tell whether an incident names what one of its scope is about, and nothing else."""
    scope = incident.scope
    is_placed = bool(incident.venue) == (scope != "centre")
    is_either = scope in _OF_VENUE_OR_HOST
    is_of_host = is_either or bool(incident.host) == (scope not in _WITHOUT_HOST)
    if scope == "centre" and incident.check:  # a part: what an unknown cause means is unknown, too
        return is_placed and is_of_host and incident.cause in _CAUSES
    return is_placed and is_of_host and bool(incident.check) == (scope in _WITH_CHECK)


def _moment(at: float | None, wall: WallTime) -> Moment | None:
    return None if at is None else Moment(wall.before(at), at)
