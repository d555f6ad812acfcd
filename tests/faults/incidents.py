"""The incidents as the aggregator reports them over HTTP."""

from collections.abc import Mapping
from typing import Any

import msgspec

from tests.integration.real import Aggregator


class Seen(msgspec.Struct, frozen=True):
    """One piece of evidence."""

    at: float
    by: str
    seen: str
    detail: Mapping[str, Any]


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """One incident as it stands; times are wall-clock seconds."""

    number: int
    scope: str
    venue: str
    host: str
    check: str
    cause: str
    opened_at: float
    silent_since: float | None
    closed_at: float | None
    children: list[str]
    falls: int
    evidence: list[Seen]
    alive: list[Any]

    @property
    def name(self) -> tuple[str, str, str]:
        """Scope, venue or host, and cause."""
        return (self.scope, self.host or self.venue, self.cause)

    @property
    def kinds(self) -> set[str]:
        """The kinds of its evidence."""
        return {seen.seen for seen in self.evidence}


class _Answer(msgspec.Struct, frozen=True):
    incidents: list[Incident]


def read(aggregator: Aggregator) -> list[Incident]:
    """Return every incident, the oldest first."""
    text = aggregator.get("/api/v1/incidents")
    assert text is not None, "the aggregator tells no incidents"
    found = msgspec.json.decode(text, type=_Answer).incidents
    return sorted(found, key=lambda incident: incident.number)
