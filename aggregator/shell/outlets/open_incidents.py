"""Open incidents as metrics, one series each: what failed, why, and since when.

So a dashboard can mark an incident where it happened, and link to it by its number. Two aggregators
number their incidents apart.
"""

from collections.abc import Iterator, Mapping

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from aggregator.core.incidents.record import Incident, Subject
from aggregator.shell.walltime import WallTime


class OpenIncidents(Collector):
    """Reads the open incidents at a scrape; ``incidents`` is the store's own mapping."""

    def __init__(self, incidents: Mapping[Subject, Incident], wall: WallTime) -> None:
        self._incidents = incidents
        self._wall = wall

    def collect(self) -> Iterator[Metric]:
        """Yield the one family; a page is rendered in a thread while the mapping changes."""
        family = GaugeMetricFamily(
            "venuewatch_incident_opened_timestamp_seconds",
            "When an incident that is open became true, in unixtime.",
            labels=["incident", "venue", "host", "check", "cause"],
        )
        for incident in list(self._incidents.values()):
            subject = incident.subject
            labels = [subject.venue, subject.host, subject.check, incident.cause]
            family.add_metric([str(incident.number), *labels], self._wall.wall(incident.opened_at))
        yield family
