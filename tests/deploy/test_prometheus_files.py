"""The shipped Prometheus files, on the real Prometheus and with its own checker."""

import json
import re
import shutil
import subprocess
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bench.kit.processes import free_port
from tests.deploy.brokers import with_lines
from venuewatch.base.wire.readings import families

FILES = Path(__file__).parents[2] / "deploy" / "prometheus"
PATIENCE_S = 20.0

MEMORY = [family.name for family in families() if family.name.startswith("node_memory_")]
OF_STA_1 = '{venue="STA",host="STA-1",instance="STA-1"}'
EXPOSED = "".join(f"# TYPE {name} gauge\n{name}{OF_STA_1} 1\n" for name in MEMORY).encode()


class Exporter(BaseHTTPRequestHandler):
    """Serves what a venue host might say; Prometheus has stored it when it asks again."""

    seen = threading.Semaphore(0)

    def do_GET(self) -> None:
        """Answer every path alike."""
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(EXPOSED)))
        self.end_headers()
        self.wfile.write(EXPOSED)
        self.seen.release()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing."""


@contextmanager
def exporter() -> Iterator[int]:
    """Serve on a free port, and yield it."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Exporter) as server:
        serving = threading.Thread(target=server.serve_forever, name="exporter")
        serving.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            serving.join()


def ask(port: int, query: str) -> dict[str, dict[str, str]]:
    """Return the labels of what an instant query finds, by metric name."""
    path = f"/api/v1/query?query={urllib.parse.quote(query)}"
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE_S) as answer:
        found = json.load(answer)["data"]["result"]
    return {series["metric"].pop("__name__"): series["metric"] for series in found}


@contextmanager
def prometheus(folder: Path, target: int) -> Iterator[int]:
    """Start Prometheus with the shipped files on another target; yield its port."""
    port = free_port()
    replaced = {
        "  scrape_interval: 5s": "  scrape_interval: 200ms",
        '      - targets: ["127.0.0.1:8039"]': f'      - targets: ["127.0.0.1:{target}"]',
    }
    text = with_lines((FILES / "prometheus.yml").read_text(), replaced)
    (folder / "prometheus.yml").write_text(text)
    shutil.copy(FILES / "rules.yml", folder)
    command = [
        "prometheus",
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    ]
    process = subprocess.Popen(command)
    try:
        yield port
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


@pytest.mark.real
def test_promtool_finds_nothing_wrong_with_the_files() -> None:
    command = ["promtool", "check", "config", "--lint=all", "--lint-fatal"]

    done = subprocess.run(
        [*command, FILES / "prometheus.yml"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "4 rules found" in done.stdout


def test_every_memory_reading_that_linux_names_otherwise_is_renamed() -> None:
    renamed = set(re.findall(r"regex: (\w+),", (FILES / "prometheus.yml").read_text()))

    assert renamed == set(MEMORY) - {"node_memory_swap_used_bytes"}  # Linux has no such name


@pytest.mark.real
def test_prometheus_stores_memory_under_linux_names_and_the_measured_hosts_labels(
    tmp_path: Path,
) -> None:
    with exporter() as target, prometheus(tmp_path, target) as port:
        assert Exporter.seen.acquire(timeout=PATIENCE_S)
        assert Exporter.seen.acquire(timeout=PATIENCE_S)

        found = ask(port, '{__name__=~"node_memory_.*"}')

    linux = "Buffers Cached MemAvailable MemFree MemTotal SwapFree SwapTotal swap_used"
    names = (name.removeprefix("node_memory_").removesuffix("_bytes") for name in sorted(found))
    assert " ".join(names) == linux
    labels = {"venue": "STA", "host": "STA-1", "instance": "STA-1", "job": "venuewatch"}
    assert all(found[name] == labels for name in found)


HEALTHY = {
    'up{job="venuewatch"}': "1x20",
    "venuewatch_aggregator_broker_connected": "1x20",
    'venuewatch_host_state{venue="STA",host="STA-1",state="up"}': "1x20",
}
DOWN = 'venuewatch_host_state{venue="STA",host="STA-1",state="down"}'
UNREACHABLE = 'venuewatch_venue_state{venue="STA",state="unreachable"}'
LOST_HOST = 'venuewatch_host_state{venue="STA",host="STA-1",state="unreachable"}'


@pytest.mark.real
@pytest.mark.parametrize(
    ("series", "at", "firing"),
    [
        ({}, "60s", []),
        ({DOWN: "_x3 1x16"}, "20s", ["VenueHostDown"]),
        ({UNREACHABLE: "1x20", LOST_HOST: "1x20"}, "5s", ["VenueUnreachable"]),
        ({"venuewatch_aggregator_broker_connected": "0x20"}, "25s", []),
        ({"venuewatch_aggregator_broker_connected": "0x20"}, "35s", ["VenuewatchBlind"]),
        ({'up{job="venuewatch"}': "0x20"}, "35s", ["VenuewatchGone"]),
        ({'up{job="venuewatch"}': "_x20"}, "35s", ["VenuewatchGone"]),
    ],
)
def test_an_alert_fires_for_its_cause_and_for_nothing_else(
    tmp_path: Path, series: dict[str, str], at: str, firing: list[str]
) -> None:
    told = [{"series": name, "values": values} for name, values in (HEALTHY | series).items()]
    asked = {"expr": 'group by (alertname) (ALERTS{alertstate="firing"})', "eval_time": at}
    expected = [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in firing]
    unit = {
        "rule_files": [str(FILES / "rules.yml")],
        "evaluation_interval": "5s",
        "tests": [
            {
                "interval": "5s",
                "input_series": told,
                "promql_expr_test": [asked | {"exp_samples": expected}],
            }
        ],
    }
    (tmp_path / "unit.yml").write_text(json.dumps(unit))  # JSON is YAML

    done = subprocess.run(
        ["promtool", "test", "rules", tmp_path / "unit.yml"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
