"""Pages that the aggregator of a live rehearsal serves: its metrics and its incidents."""

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from aggregator.shell.http.api.incidents import ExcuseView
from aggregator.shell.http.api.record import IncidentJson


class Page:
    """The samples of a page: name, labels and value."""

    def __init__(self, text: bytes) -> None:
        self.samples = [
            (sample.name, sample.labels, sample.value)
            for family in text_string_to_metric_families(text.decode())
            for sample in family.samples
        ]
        self.names = {name for name, *_ in self.samples}

    def of(self, series: str, /, **labels: str) -> list[tuple[dict[str, str], float]]:
        """Return all labels and value of each such series that has these labels among others."""
        return [
            (its, value)
            for found, its, value in self.samples
            if found == series and labels.items() <= its.items()
        ]

    def value(self, series: str, /, **labels: str) -> float:
        """Return the value of the one such series that has these labels among others."""
        ((_, value),) = self.of(series, **labels)
        return value

    def names_of(self, host: str) -> set[str]:
        """Return the names of the series of a host."""
        return {name for name, labels, _ in self.samples if labels.get("host") == host}


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
