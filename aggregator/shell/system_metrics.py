"""Metrics of what the system takes from the aggregator, and gives it: lines of its log, threads."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from venuewatch.base import log, threads


class SystemMetrics(Collector):
    """Shows whether anybody takes what we say, and whether we get what we ask for."""

    def collect(self) -> Iterator[Metric]:
        """Yield the families of this moment."""
        yield CounterMetricFamily(
            "venuewatch_aggregator_log_lines_lost",
            "Lines of our log that were not written: nobody read them, or the disk was full.",
            value=log.lost_lines(),
        )
        yield CounterMetricFamily(
            "venuewatch_aggregator_threads_refused",
            "Threads that the system refused us; what they were for waits, or is tried again.",
            value=threads.refused(),
        )
