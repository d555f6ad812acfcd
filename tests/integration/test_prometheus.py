"""Debian's Prometheus scrapes the aggregator with the shipped configuration."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from bench.kit.processes import free_port
from tests.integration.real import Agent, Aggregator, Mosquitto, Process, program, until
from tests.kit.promtool import complaints

pytestmark = pytest.mark.real

SHIPPED = Path(__file__).parents[2] / "deploy" / "prometheus"


class Prometheus(Process):
    def __init__(self, folder: Path, scraped_port: int) -> None:
        self.port = free_port()
        for path in SHIPPED.glob("*.yml"):
            text = path.read_text().replace("127.0.0.1:8039", f"127.0.0.1:{scraped_port}")
            (folder / path.name).write_text(
                text.replace("scrape_interval: 5s", "scrape_interval: 1s")
            )
        super().__init__(
            folder,
            "prometheus",
            program("prometheus"),
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
        )

    def series(self, query: str) -> list[tuple[dict[str, str], float]]:
        """Return labels and instant value of each series that a query finds."""
        question = urllib.parse.urlencode({"query": query})
        url = f"http://127.0.0.1:{self.port}/api/v1/query?{question}"
        try:
            with urllib.request.urlopen(url) as answer:
                found = json.load(answer)["data"]["result"]
        except (urllib.error.URLError, ConnectionError):
            return []
        return [(one["metric"], float(one["value"][1])) for one in found]

    def ask(self, query: str) -> dict[str, float]:
        """Return the instant values of a query, by host."""
        return {labels.get("host", ""): value for labels, value in self.series(query)}


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
    with Prometheus(folder, aggregator.port) as running:
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
    of_host = {"venue": "STA", "host": "STA-1", "instance": "STA-1", "job": "venuewatch"}
    assert all(labels == of_host for labels, _ in found)


def test_vitals_belong_to_their_host_and_not_to_the_aggregator(prometheus: Prometheus) -> None:
    found = until(
        "it has scraped", lambda: prometheus.ask('node_boot_time_seconds{instance="STA-1"}')
    )

    assert found == {"STA-1": pytest.approx(psutil.boot_time(), abs=1.0)}
