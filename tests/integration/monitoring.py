"""Prometheus and Alertmanager as operators run them: the shipped files, with addresses replaced."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from bench.kit.processes import free_port
from tests.integration.real import START_S, Process, program, until

DEPLOY = Path(__file__).parents[2] / "deploy"
AGGREGATOR = "127.0.0.1:8039"
ALERTMANAGER = "127.0.0.1:9093"
RECEIVER = "http://127.0.0.1:5001"
SECOND_AGGREGATOR = "127.0.0.2:8039"


class PrometheusServer(Process):
    """Debian's Prometheus, with the file ``config`` of a folder."""

    def __init__(
        self, folder: Path, config: str = "prometheus.yml", flags: Sequence[str] = ()
    ) -> None:
        self.port = free_port()
        super().__init__(
            folder,
            "prometheus",
            program("prometheus"),
            f"--config.file={folder / config}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            *flags,
        )

    def stored(self, series: str, back: str = "3h") -> list[list[tuple[float, float]]]:
        """Return time and value of each sample of each series, as they are stored."""
        found = self._get(f"query?{urllib.parse.urlencode({'query': f'{series}[{back}]'})}")
        return [
            [(float(at), float(value)) for at, value in one["values"]]
            for one in found.get("result", ())
        ]

    def steps(self, query: str, start: float, end: float, step_s: float) -> dict[float, float]:
        """Return what a range query of one series finds, by step; a step may be missing."""
        asked = {"query": query, "start": start, "end": end, "step": step_s}
        found = self._get(f"query_range?{urllib.parse.urlencode(asked)}").get("result", ())
        return {float(at): float(value) for one in found for at, value in one["values"]}

    def series(self, query: str) -> list[tuple[dict[str, str], float]]:
        """Return labels and instant value of each series that a query finds."""
        found = self._get(f"query?{urllib.parse.urlencode({'query': query})}").get("result", ())
        return [(one["metric"], float(one["value"][1])) for one in found]

    def rules(self) -> dict[str, str]:
        """Return the last error of each rule that has been evaluated, "" for none, by name."""
        groups = self._get("rules").get("groups", ())
        rules = [rule for group in groups for rule in group["rules"]]
        return {
            rule["name"]: rule.get("lastError", "") for rule in rules if rule["health"] != "unknown"
        }

    def ask(self, query: str) -> dict[str, float]:
        """Return the instant values of a query, by host."""
        return {labels.get("host", ""): value for labels, value in self.series(query)}

    def _get(self, path: str) -> dict[str, Any]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/{path}") as answer:
                data: dict[str, Any] = json.load(answer)["data"]
        except (urllib.error.URLError, ConnectionError):
            return {}
        return data


class Prometheus(PrometheusServer):
    """One with the shipped files, in which each of ``replaced`` is replaced."""

    def __init__(
        self,
        folder: Path,
        replaced: Mapping[str, str],
        *,
        config: str = "prometheus.yml",
        flags: Sequence[str] = (),
    ) -> None:
        for path in (DEPLOY / "prometheus").glob("*.yml"):
            (folder / path.name).write_text(_with(path.read_text(), replaced))
        super().__init__(folder, config, flags)


class Alertmanager(Process):
    """Debian's Alertmanager with the shipped routes, on its own."""

    def __init__(self, folder: Path, receiver: str, *, group_interval_s: int = 10) -> None:
        self.port = free_port()
        config = folder / "alertmanager.yml"
        shipped = (DEPLOY / "alertmanager" / "alertmanager.yml").read_text()
        interval = f"group_interval: {group_interval_s}s"
        config.write_text(_with(shipped, {RECEIVER: receiver, "group_interval: 10s": interval}))
        super().__init__(
            folder,
            "alertmanager",
            program("prometheus-alertmanager"),
            f"--config.file={config}",
            f"--storage.path={folder / 'alertmanager'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--cluster.listen-address=",
        )

    def start(self) -> Self:
        super().start()
        until("Alertmanager is ready", self._is_ready, within_s=START_S)
        return self

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready") as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError):
            return False


def _with(text: str, replaced: Mapping[str, str]) -> str:
    for old, new in replaced.items():
        text = text.replace(old, new)
    return text
