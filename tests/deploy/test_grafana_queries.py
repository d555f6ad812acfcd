"""Every query of the dashboards, on a real Prometheus that has scraped the demo and every fault."""

import contextlib
import json
import re
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from math import isnan
from pathlib import Path
from typing import Any

import pytest

from aggregator.core.verdicts.causes import Cause
from tests.deploy.grafana_files import (
    GRAFANA,
    Question,
    annotation_questions,
    label_questions,
    panel_questions,
)
from tests.deploy.grafana_world import HOSTS, VENUE, WHOLE, served
from tests.integration.monitoring import PrometheusServer
from tests.integration.real import Process, until
from venuewatch.base import clock

pytestmark = [pytest.mark.real, pytest.mark.long]

LONGEST_S = 1.0
STEPS = 720
"""As many as a panel over three hours has at 15 s each."""

READY_S = 90.0
RULES = GRAFANA.parent / "prometheus" / "rules.yml"
PAGE = {"page": "http://monitor", "job": "venuewatch", "node_job": "node", "__rate_interval": "20s"}
EVERYTHING = {"venue": ".+", "host": ".+", "check": ".+", "instance": ".+"}
SCRIPTED = {"venue": VENUE, "host": HOSTS[0], "check": ".+", "instance": WHOLE}
DEMO = {"venue": "TOC", "host": "TOC-ops-01", "check": ".+", "instance": ".+"}

LACKING = {
    "Checks": "the demo's agent has no checks",
    "Checks, worst first": "the demo's agent has no checks",
    "Temperature": "a virtual machine has no sensors",
    "Pressure": "a kernel without CONFIG_PSI has no pressure",
    "Filesystems, fullest first": "a container may show no filesystem of a disk",
    "Used space": "a container may show no filesystem of a disk",
    "Fullest disk": "a container may show no filesystem of a disk",
}
"""Panels of the host dashboard that may be empty for this machine's agent, and why."""


class Prometheus(PrometheusServer):
    """Debian's Prometheus: two jobs, as shipped, of the demo and of the scripted worlds."""

    def __init__(self, folder: Path, demo_port: int, worlds_port: int, worlds: list[str]) -> None:
        rules = re.sub(r"interval: \d+s", "interval: 1s", RULES.read_text(encoding="utf-8"))
        (folder / "rules.yml").write_text(rules, encoding="utf-8")
        scripted = [
            {
                "targets": [f"127.0.0.1:{worlds_port}"],
                "labels": {"__metrics_path__": f"/{name}", "instance": name},
            }
            for name in worlds
        ]
        jobs = [
            {
                "job_name": job,
                "honor_labels": True,
                "params": {"collect": [collection]},
                "static_configs": [{"targets": [f"127.0.0.1:{demo_port}"]}, *scripted],
            }
            for job, collection in (("venuewatch", "liveness"), ("node", "vitals"))
        ]
        config = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": ["rules.yml"],
            "scrape_configs": jobs,
        }
        (folder / "prometheus.yml").write_text(json.dumps(config))  # JSON is YAML
        super().__init__(folder)

    def get(self, path: str, **parameters: str | list[str]) -> Any:
        """Return the data of an answer, None while it does not answer."""
        query = urllib.parse.urlencode(parameters, doseq=True)
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}?{query}") as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            if error.code == HTTPStatus.SERVICE_UNAVAILABLE:  # it begins
                return None
            raise AssertionError(f"{parameters}: {error.read().decode()}") from None
        except (urllib.error.URLError, ConnectionError):
            return None

    def availability(self) -> list[object]:
        """Return what the slowest rule has recorded."""
        data = self.get("/api/v1/query", query="venuewatch:venue_availability:ratio_1d")
        recorded: list[object] = (data or {"result": []})["result"]
        return recorded

    def found(
        self, question: Question, values: Mapping[str, str], *, steps: int = 20
    ) -> list[dict[str, str]]:
        """Return the labels of each series that a panel would show with a value."""
        expr, now = question.filled(PAGE | dict(values)), clock.wall()
        if question.is_instant:
            data = self.get("/api/v1/query", query=expr, time=str(now))
        else:
            span = {"start": str(now - 20), "end": str(now), "step": str(20 / steps)}
            data = self.get("/api/v1/query_range", query=expr, **span)
        return [
            one["metric"]
            for one in (data or {"result": []})["result"]
            if any(not isnan(float(value)) for _, value in one.get("values", [one.get("value")]))
        ]


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    folder = tmp_path_factory.mktemp("grafana")
    command = (sys.executable, "-I", "-m", "venuewatch.cli", "demo", "--port", "0")
    with Process(folder, "demo", *command) as demo, served() as (port, names):
        address = until("the demo serves", lambda: re.search(r":(\d+)/metrics", demo.said()))
        with Prometheus(folder, int(address[1]), port, names) as running:
            until("availability is recorded", running.availability, within_s=READY_S)
            yield running


def empty(prometheus: Prometheus, values: Mapping[str, str], dashboard: str = "") -> set[str]:
    return {
        f"{question.dashboard} {question.place}"
        for question in panel_questions()
        if dashboard in {"", question.dashboard} and not prometheus.found(question, values)
    }


def full(prometheus: Prometheus, values: Mapping[str, str], dashboard: str = "") -> set[str]:
    """Wait until all panels but those that may be empty find something; return what does not."""
    lacking = LACKING if values is DEMO else {}
    left: set[str] = set()

    def is_full() -> bool:
        nonlocal left
        found = empty(prometheus, values, dashboard)
        left = {place for place in found if not any(f" {title} " in place for title in lacking)}
        return not left

    with contextlib.suppress(AssertionError):
        until("every panel finds something", is_full, within_s=READY_S, every_s=1.0)
    return left


@pytest.mark.timeout(240)
@pytest.mark.parametrize("values", [EVERYTHING, SCRIPTED], ids=["everything", "one"])
def test_every_panel_finds_something(prometheus: Prometheus, values: dict[str, str]) -> None:
    assert full(prometheus, values) == set()


@pytest.mark.timeout(240)
def test_host_dashboard_finds_what_this_machine_has(prometheus: Prometheus) -> None:
    assert full(prometheus, DEMO, "host") == set()


@pytest.mark.timed
def test_no_query_takes_over_a_second(prometheus: Prometheus) -> None:
    """Of one venue and of one host, where a dashboard shows one."""
    slow = {}
    for question in [*panel_questions(), *annotation_questions()]:
        values = DEMO if question.dashboard in {"venue", "host"} else EVERYTHING
        start = clock.monotonic()
        prometheus.found(question, values, steps=STEPS)
        took_s = clock.monotonic() - start
        if took_s > LONGEST_S:
            slow[f"{question.dashboard} {question.place}"] = took_s

    assert slow == {}


def test_variables_resolve(prometheus: Prometheus) -> None:
    empty_ones = [
        (dashboard, name)
        for dashboard, name, selector, label in label_questions()
        if not prometheus.get(
            f"/api/v1/label/{label}/values",
            **{"match[]": Question("", "", selector).filled(PAGE | EVERYTHING)},
        )
    ]

    assert empty_ones == []


def test_links_of_series_find_their_labels(prometheus: Prometheus) -> None:
    linked = [it for it in panel_questions() if "__field.labels" in it.links]

    for question in linked:
        wanted = set(re.findall(r"__field\.labels\.(\w+)", question.links))
        found = prometheus.found(question, EVERYTHING)
        assert found
        assert all(wanted <= set(labels) for labels in found), question.place
    assert linked


def test_rows_of_a_table_fit_together(prometheus: Prometheus) -> None:
    """Grafana merges the rows of queries that share the values of all labels that all have."""
    columns = [it for it in panel_questions() if it.columns]

    for question in columns:
        found = prometheus.found(question, EVERYTHING)
        assert all(set(labels) <= set(question.columns) for labels in found), question.place
    assert columns


def test_every_cause_is_marked_and_links_to_its_incident(prometheus: Prometheus) -> None:
    (question,) = {it for it in annotation_questions() if it.dashboard == "wall"}

    def marks() -> list[dict[str, str]] | None:
        found = prometheus.found(question, EVERYTHING)
        return found if {mark["cause"] for mark in found} >= set(Cause) else None

    for mark in until("each cause is marked", marks, within_s=READY_S):
        assert mark["url"] == f"http://monitor/incidents/{mark['incident']}"
