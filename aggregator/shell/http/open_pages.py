"""Open pages as metrics: how many follow the events, and how many were cut."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from aggregator.shell.http.fanout import Fanout


class OpenPages(Collector):
    """Reads the streams of a fan-out at a scrape."""

    def __init__(self, fanout: Fanout) -> None:
        self._fanout = fanout

    def collect(self) -> Iterator[Metric]:
        """Yield the two families."""
        yield GaugeMetricFamily(
            "venuewatch_aggregator_pages",
            "Pages and programs that follow the events; at most [web] max_pages.",
            value=self._fanout.readers,
        )
        yield CounterMetricFamily(
            "venuewatch_aggregator_pages_cut",
            "Pages and programs that were cut: they took nothing, or too slowly.",
            value=self._fanout.cut,
        )
