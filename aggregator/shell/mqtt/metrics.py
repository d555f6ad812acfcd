"""Metrics of the aggregator's two connections, read at a scrape."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from aggregator.core.centre import Centre
from aggregator.shell.mqtt.bulk import Discards
from aggregator.shell.mqtt.refusals import Refusals


class ConnectionMetrics(Collector):
    """Shows whether readings are heard, how fast they pass, and what was not read or not taken."""

    def __init__(self, centre: Centre, discards: Discards, refusals: Refusals) -> None:
        self._bulk = centre.decisions.connections.bulk
        self._discards = discards
        self._refusals = refusals

    def collect(self) -> Iterator[Metric]:
        """Yield the families of this moment."""
        bulk, discards = self._bulk, self._discards
        yield GaugeMetricFamily(
            "venuewatch_aggregator_bulk_connected",
            "1 while the connection for readings is subscribed at the broker.",
            value=bulk.is_open,
        )
        for name, text, value in (
            (
                "round_trip",
                "How long the canary of the bulk connection took, the last time.",
                bulk.round_trip_s,
            ),
            (
                "round_trip_least",
                "And how long at least, within the last 5 to 10 minutes.",
                bulk.least_round_trip_s,
            ),
        ):
            if value is not None:
                yield GaugeMetricFamily(
                    f"venuewatch_aggregator_bulk_{name}_seconds", text, value=value
                )
        yield GaugeMetricFamily(
            "venuewatch_aggregator_bulk_waiting_bytes",
            "What has come on the connection for readings and waits to be processed.",
            value=discards.waiting_bytes,
        )
        for name, text, counts in (
            (
                "messages",
                "Messages that were thrown away unread, for lack of time.",
                discards.messages,
            ),
            ("bytes", "Bytes of these messages, by stream.", discards.bytes),
        ):
            family = CounterMetricFamily(
                f"venuewatch_aggregator_bulk_discarded_{name}", text, labels=["stream"]
            )
            for stream, count in counts.items():
                family.add_metric([stream], count)
            yield family
        refused = CounterMetricFamily(
            "venuewatch_aggregator_publications_refused",
            "Messages of the aggregator that the broker refused, or that are larger than it takes.",
            labels=["reason"],
        )
        for reason, count in self._refusals.counts.items():
            refused.add_metric([reason], count)
        yield refused
