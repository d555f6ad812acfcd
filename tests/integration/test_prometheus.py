"""Debian's Prometheus scrapes the aggregator with the shipped configuration."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from bench.kit.processes import free_port
from tests.integration.monitoring import AGGREGATOR, ALERTMANAGER, Prometheus
from tests.integration.real import Agent, Aggregator, Mosquitto, until
from tests.kit.promtool import complaints

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("prometheus")


@pytest.fixture(scope="module")
def aggregator(folder: Path) -> Iterator[Aggregator]:
    with (
        Mosquitto(folder) as broker,
        Aggregator(folder, broker.port) as running,
        Agent(folder, broker.port, "STA-1"),
    ):
        running.wait_for("STA-1", "up")
        until("vitals are there", lambda: running.value("node_load1", host="STA-1") is not None)
        yield running


@pytest.fixture(scope="module")
def prometheus(folder: Path, aggregator: Aggregator) -> Iterator[Prometheus]:
    replaced = {
        AGGREGATOR: f"127.0.0.1:{aggregator.port}",
        ALERTMANAGER: f"127.0.0.1:{free_port()}",
        "scrape_interval: 10s": "scrape_interval: 1s",
        "scrape_interval: 5s": "scrape_interval: 1s",
    }
    with Prometheus(folder, replaced) as running:
        until("it scrapes", lambda: running.ask("up == 1"), within_s=30.0)
        yield running


@pytest.mark.parametrize("path", ["/metrics", "/metrics?venue=STA", "/metrics/self"])
def test_promtool_finds_only_names_of_the_kernel(aggregator: Aggregator, path: str) -> None:
    exposition = aggregator.get(path)

    assert exposition
    assert complaints(exposition.encode()) == []


def test_prometheus_knows_who_is_up_and_who_is_not(prometheus: Prometheus) -> None:
    up = until("it has scraped", lambda: prometheus.ask("venuewatch_host_up"))

    assert up == {"STA-1": 1.0, "STA-2": 0.0, "TAH-1": 0.0}


def test_memory_has_linux_names_and_the_measured_hosts_labels(prometheus: Prometheus) -> None:
    found = until("it has scraped", lambda: prometheus.series('{__name__=~"node_memory_.*"}'))

    values = {labels.pop("__name__"): value for labels, value in found}
    linux = "Buffers Cached MemAvailable MemFree MemTotal SReclaimable SwapFree SwapTotal"
    assert values.keys() >= {f"node_memory_{name}_bytes" for name in linux.split()}
    assert "node_memory_total_bytes" not in values
    assert values["node_memory_MemTotal_bytes"] == psutil.virtual_memory().total
    of_host = {"venue": "STA", "host": "STA-1", "instance": "STA-1", "job": "node"}
    assert all(labels == of_host for labels, _ in found)


def test_vitals_belong_to_their_host_and_not_to_the_aggregator(prometheus: Prometheus) -> None:
    found = until(
        "it has scraped", lambda: prometheus.ask('node_boot_time_seconds{instance="STA-1"}')
    )

    assert found == {"STA-1": pytest.approx(psutil.boot_time(), abs=1.0)}
