"""Incidents as the aggregator of a live rehearsal reports them over HTTP."""

import msgspec

from aggregator.shell.http.api.incidents import ExcuseView
from aggregator.shell.http.api.record import IncidentJson
from venuewatch.rehearsal.live.servers import Aggregator
from venuewatch.rehearsal.stage.machine import StageError


class Incident(IncidentJson, frozen=True, kw_only=True):
    """An incident of the API."""

    @property
    def name(self) -> tuple[str, str, str]:
        """Scope, venue or host, and cause."""
        return (self.scope, self.host or self.venue, self.cause)

    @property
    def kinds(self) -> set[str]:
        """The kinds of its evidence."""
        return {seen.seen for seen in self.evidence}


class IncidentsPage(msgspec.Struct, frozen=True):
    """All incidents that are told, in no order, and the verdicts that are put off."""

    incidents: tuple[Incident, ...]
    excuses: tuple[ExcuseView, ...]


def ask(aggregator: Aggregator) -> IncidentsPage:
    """Return what the aggregator tells now. Raises StageError."""
    text = aggregator.get("/api/v1/incidents")
    if text is None:
        raise StageError("the aggregator tells no incidents")
    return msgspec.json.decode(text, type=IncidentsPage)
