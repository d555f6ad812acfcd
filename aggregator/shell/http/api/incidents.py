"""Incidents: a page of them, one with its timeline, and what puts verdicts off now.

Times are s since 1970, to the millisecond. An incident's number is its id for ever.
"""

from collections.abc import Iterable
from typing import Annotated, Literal, TypeAlias

import msgspec

from aggregator.core.host import INF, Host
from aggregator.core.incidents.alerts import Severity, description_of, row_of
from aggregator.core.incidents.record import Incident
from aggregator.core.verdicts.causes import Cause, Excuse, Reason, Scalar
from aggregator.shell.http.api.paging import NUMBER_MAX, Limit, NumberCursor
from aggregator.shell.http.api.record import IncidentJson, Time, incident_json, incident_of
from aggregator.shell.journal.history import History
from aggregator.shell.journal.restore import GENERAL_CAUSES
from aggregator.shell.walltime import WallTime

StepKind: TypeAlias = Literal[
    "seen", "lived", "opened", "sharpened", "corrected", "closed", "removed", "told"
]
"""``seen``: evidence; ``lived``: a backlog's correction; ``told``: others were told of a change."""


class IncidentView(IncidentJson, frozen=True, kw_only=True):
    """One incident, as people are told of it.

    ``sentence``: what it is, the same everywhere. ``alert``: the name of its alert. ``since``: when
    it became true, as ``opened_at``. ``closed_at`` is null while it is open. ``path``: its page.
    """

    sentence: str
    severity: Severity
    since: Time
    alert: str
    path: str


class StepView(msgspec.Struct, frozen=True, kw_only=True):
    """One step of an incident's timeline.

    ``by``: ``centre``, ``broker``, a host's name; of ``told`` the one that was told, as
    ``webhook``. ``sentence``: the step in words; ``detail``: its figures and names.
    """

    at: Time
    kind: StepKind
    by: str
    sentence: str
    detail: dict[str, Scalar] = {}


class IncidentWhole(IncidentView, frozen=True, kw_only=True):
    """One incident with its timeline, the oldest step first.

    Who was told is known of this process only: a restart forgets it.
    """

    timeline: tuple[StepView, ...]


class ExcuseView(msgspec.Struct, frozen=True):
    """Why no verdict is given on these ``hosts`` of a venue yet, or on any without a venue.

    ``until`` is the latest end of them, null while it is open.
    """

    venue: str
    hosts: tuple[str, ...]
    reason: str
    since: Time
    until: Time | None


class IncidentsPage(msgspec.Struct, frozen=True):
    """Incidents, the newest first, and what puts verdicts off now.

    ``next``: the cursor of those that follow; null if there are none.
    """

    incidents: tuple[IncidentView, ...]
    excuses: tuple[ExcuseView, ...] = ()
    next: str | None = None


class IncidentsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which incidents: ``open=1`` those that are not over, ``venue`` those of one venue."""

    open: Literal["1"] | None = None
    venue: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    limit: Limit = 100
    cursor: NumberCursor | None = None


def view_of(incident: Incident, wall: WallTime) -> IncidentView:
    """Return an incident of the core as people are told of it."""
    return _told(incident_json(incident, wall), incident)


def view_of_record(record: IncidentJson, wall: WallTime) -> IncidentView:
    """Return an incident of the journal as people are told of it."""
    return _told(record, incident_of_record(record, wall))


def incident_of_record(record: IncidentJson, wall: WallTime) -> Incident:
    """Return the core's incident of a record, whose sentence is right, and times may not be."""
    try:
        cause = Cause(record.cause)
    except ValueError:  # of another version
        cause = GENERAL_CAUSES[record.scope]
    return incident_of(record, wall, cause)


def excuses_of(
    excuses: Iterable[tuple[Host | None, Excuse]], venue: str, wall: WallTime
) -> tuple[ExcuseView, ...]:
    """Return the excuses of everybody and of one venue's hosts ("": of all), alike ones as one."""
    alike: dict[tuple[str, Reason, float], tuple[list[str], float]] = {}
    for host, excuse in excuses:
        where = "" if host is None else host.venue
        if not venue or not where or where == venue:
            key = (where, excuse.reason, excuse.since)
            names, until = alike.get(key, ([], excuse.until))
            alike[key] = (names, max(until, excuse.until))
            names += [] if host is None else [host.name]
    return tuple(
        ExcuseView(
            where,
            tuple(names),
            reason.value,
            wall.wall(since),
            None if until == INF else wall.wall(until),
        )
        for (where, reason, since), (names, until) in alike.items()
    )


def _told(record: IncidentJson, incident: Incident) -> IncidentView:
    alert = row_of(incident.subject, incident.cause).alert
    return IncidentView(
        **msgspec.structs.asdict(record),
        sentence=description_of(incident),
        severity=alert.severity,
        since=record.opened_at,
        alert=alert.name,
        path=f"/incidents/{record.number}",
    )


def page_of(
    known: Iterable[Incident],
    history: History,
    query: IncidentsQuery,
    before: int | None,
    wall: WallTime,
) -> IncidentsPage:
    """Return a page of incidents with a number below ``before``; it may run in a thread.

    ``known``: those of the core, open ones and the latest closed ones. What the core has forgotten
    is asked of the ``history``.
    """
    below = NUMBER_MAX + 1 if before is None else before
    found: dict[int, IncidentView] = {}
    if query.open is None:
        records = history.incidents(before=below, limit=query.limit + 1, venue=query.venue or "")
        found = {record.number: view_of_record(record, wall) for record in records}
    lowest = min(found, default=0) if len(found) > query.limit else 0
    for incident in known:
        is_wanted = lowest <= incident.number < below
        is_wanted &= query.open is None or incident.closed_at is None
        is_wanted &= query.venue is None or incident.subject.venue == query.venue
        if is_wanted:
            found[incident.number] = view_of(incident, wall)
    newest_first = sorted(found.values(), key=lambda view: view.number, reverse=True)
    page = tuple(newest_first[: query.limit])
    following = str(page[-1].number) if len(newest_first) > query.limit else None
    return IncidentsPage(page, next=following)
