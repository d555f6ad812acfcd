"""Port as metrics: what is open, what was ended and why, and what waits to be sent or made."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from aggregator.shell.http.connections import REASONS
from aggregator.shell.http.server import HttpServer

_PREFIX = "venuewatch_aggregator_http_"


class PortMetrics(Collector):
    """Reads the bounds of a server at a scrape."""

    def __init__(self, server: HttpServer) -> None:
        self._server = server

    def collect(self) -> Iterator[Metric]:
        """Yield the families."""
        connections = self._server.connections
        yield GaugeMetricFamily(
            f"{_PREFIX}connections",
            "Open connections, those of event streams among them.",
            value=connections.open,
        )
        yield GaugeMetricFamily(
            f"{_PREFIX}connections_limit",
            "How many connections there may be beside those of event streams.",
            value=connections.limit,
        )
        ended = CounterMetricFamily(
            f"{_PREFIX}connections_ended",
            "Connections that were ended or refused because of a bound (docs/http.md).",
            labels=("reason",),
        )
        for reason in REASONS:
            ended.add_metric((reason,), connections.ended[reason])
        yield ended
        yield CounterMetricFamily(
            f"{_PREFIX}accept_failures",
            "How often no connection could be accepted, as where no file can be opened.",
            value=self._server.acceptor.failures,
        )
        yield GaugeMetricFamily(
            f"{_PREFIX}unsent_bytes",
            "Bytes that wait to be sent: bodies, each once, and buffers.",
            value=self._server.sending.unsent,
        )
        yield GaugeMetricFamily(
            f"{_PREFIX}pages_waiting",
            "Pages of metrics that wait for a slot to be made in.",
            value=self._server.slots.waiting,
        )
        yield CounterMetricFamily(
            f"{_PREFIX}hosts_refused",
            "Requests for a host that is not ours, [web] allowed_hosts.",
            value=self._server.hosts.refused,
        )
