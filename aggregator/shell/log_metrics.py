"""Metrics of the aggregator's own log, read at a scrape."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from venuewatch.base import log


class LogMetrics(Collector):
    """Shows whether anybody takes what we say."""

    def collect(self) -> Iterator[Metric]:
        """Yield the families of this moment."""
        yield CounterMetricFamily(
            "venuewatch_aggregator_log_lines_lost",
            "Lines of our log that were not written: nobody read them, or the disk was full.",
            value=log.lost_lines(),
        )
