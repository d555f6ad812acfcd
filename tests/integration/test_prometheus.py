"""Debian's Prometheus scrapes the aggregator with the shipped configuration."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import yaml

from bench.kit.processes import free_port
from tests.integration.monitoring import AGGREGATOR, ALERTMANAGER, DEPLOY, Prometheus
from tests.integration.real import Agent, Aggregator, Mosquitto, until
from tests.kit.promtool import complaints

pytestmark = pytest.mark.real

RULES = yaml.safe_load((DEPLOY / "prometheus" / "rules.yml").read_text())


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
def replaced(aggregator: Aggregator) -> dict[str, str]:
    """Return what is written instead of something in the shipped files."""
    fast = {f"interval: {shipped}": "interval: 1s" for shipped in ("5s", "10s", "30s")}
    return fast | {
        AGGREGATOR: f"127.0.0.1:{aggregator.port}",
        ALERTMANAGER: f"127.0.0.1:{free_port()}",
    }


@pytest.fixture(scope="module")
def prometheus(folder: Path, replaced: dict[str, str]) -> Iterator[Prometheus]:
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


def test_every_rule_is_evaluated_without_an_error(prometheus: Prometheus) -> None:
    count = sum(len(group["rules"]) for group in RULES["groups"])

    until("all are evaluated", lambda: len(prometheus.rules()) == count, within_s=30.0)

    assert {name: error for name, error in prometheus.rules().items() if error} == {}
    info = 'venuewatch:host_info:max{host="STA-2",instance="STA-2"}'
    until("hosts are joined", lambda: prometheus.series(info))


def test_nothing_but_the_watchdog_fires_on_a_fleet_that_is_well(prometheus: Prometheus) -> None:
    until("rules are evaluated", lambda: prometheus.series("ALERTS"))

    fired = {labels["alertname"] for labels, _ in prometheus.series('ALERTS{alertstate="firing"}')}

    assert fired == {"VenuewatchWatchdog"}


def test_each_venue_is_a_target_by_http_sd(tmp_path: Path, replaced: dict[str, str]) -> None:
    with Prometheus(tmp_path, replaced, config="prometheus-http-sd.yml") as running:
        until("targets are scraped", lambda: len(running.series("up == 1")) == 5, within_s=30.0)
        up = running.series("up")

    targets = {(labels["job"], labels.get("venue", "")) for labels, _ in up}
    assert targets == {
        ("venuewatch", ""),
        ("venuewatch", "STA"),
        ("venuewatch", "TAH"),
        ("node", "STA"),
        ("node", "TAH"),
    }
