"""Metrics of what ends by a date: the aggregator's certificates, the broker's revoked ones.

The files are read at a scrape, so that what was renewed shows at once. A date of 0 stands for a
file that can't be used: that is worse than one that ends soon, and the same rule tells it.
"""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from aggregator.config import Broker
from venuewatch.base.files import CONFIG_MAX, read_regular
from venuewatch.base.validity import lists_end, own_end


class CertificateMetrics(Collector):
    """Shows when the certificates end that ``[broker]`` names, and the lists of ``crl_file``."""

    def __init__(self, broker: Broker) -> None:
        bulk = broker.bulk_connection()
        self._certificates: dict[str, tuple[str, str | None]] = {}
        for name, of in (("live", broker), ("bulk", bulk)):
            if of.cert_file is not None:
                self._certificates[name] = of.cert_file, of.key_file
        self._lists = broker.crl_file

    def collect(self) -> Iterator[Metric]:
        """Yield the families of what there is."""
        if self._certificates:
            own = GaugeMetricFamily(
                "venuewatch_aggregator_certificate_expiry_timestamp_seconds",
                "When the certificate of a connection to the broker expires, in unixtime; "
                "0 for one that can not be used.",
                labels=["connection"],
            )
            for name, files in self._certificates.items():
                own.add_metric([name], own_end(*files))
            yield own
        if self._lists is not None:
            yield GaugeMetricFamily(
                "venuewatch_pki_crl_next_update_timestamp_seconds",
                "When the first of the broker's lists of revoked certificates is outdated, in "
                "unixtime; 0 where they can not be read.",
                value=_end_of_lists(self._lists),
            )


def _end_of_lists(path: str) -> float:
    try:
        return lists_end(read_regular(path, CONFIG_MAX)) or 0.0
    except (OSError, ValueError):
        return 0.0
