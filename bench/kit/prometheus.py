"""Runs Debian's Prometheus with given jobs, on a port of its own, and asks it."""

import contextlib
import http.client
import json
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from bench.kit.machine import program
from bench.kit.processes import LOOPBACK, BenchError, answers, await_start, free_port, running

Sample: TypeAlias = tuple[float, float]
"""Time (s since 1970) and value."""

Series: TypeAlias = dict[frozenset[tuple[str, str]], list[Sample]]
"""Samples by labels, the name among them."""


class Prometheus:
    """One that runs on ``port``."""

    def __init__(self, port: int) -> None:
        self._base = f"http://{LOOPBACK}:{port}"

    def now(self, query: str) -> list[tuple[dict[str, str], float]]:
        """Return labels and value of each series that a query of vectors finds now."""
        found = self._ask("/api/v1/query", query=query)["result"]
        return [(one["metric"], float(one["value"][1])) for one in found]

    def kept(self, selector: str, start: float, end: float) -> Series:
        """Return the samples between two instants (s since 1970) as they are stored."""
        query = f"{selector}[{round((end - start) * 1000)}ms]"
        found = self._ask("/api/v1/query", query=query, time=f"{end:.3f}")
        return _series(found["result"])

    def steps(self, query: str, start: float, end: float, every_s: float) -> Series:
        """Return a query's values at each step from ``start`` to ``end`` (s since 1970)."""
        span = {"start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{every_s:g}"}
        return _series(self._ask("/api/v1/query_range", query=query, **span)["result"])

    def rules(self) -> list[dict[str, Any]]:
        """Return all rules, with how each one fares."""
        return [rule for group in self._ask("/api/v1/rules")["groups"] for rule in group["rules"]]

    def own(self, name: str) -> float:
        """Return the sum of one of its own metrics."""
        lines = self._get("/metrics").decode().splitlines()
        own = [line for line in lines if line.startswith((f"{name} ", f"{name}{{"))]
        return sum(float(line.rpartition(" ")[2]) for line in own)

    def _ask(self, path: str, **parameters: str) -> Any:
        return json.loads(self._get(f"{path}?{urllib.parse.urlencode(parameters)}"))["data"]

    def _get(self, path: str) -> bytes:
        try:
            with urllib.request.urlopen(self._base + path) as answer:  # noqa: S310 - always http
                body: bytes = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise BenchError(f"Prometheus does not answer {path}: {error}") from None
        return body


@contextlib.contextmanager
def prometheus(directory: Path, config: Mapping[str, object]) -> Iterator[Prometheus]:
    """Run it until the block ends; its samples lie in ``directory``.

    Raises:
        BenchError: it is not installed, or does not start.
    """
    path = program("prometheus")
    if path is None:
        raise BenchError("prometheus is not installed")
    port, log = free_port(), directory / "prometheus.log"
    file = directory / "prometheus.json"
    file.write_text(json.dumps(config), encoding="utf-8")  # JSON is YAML
    command = [path, f"--config.file={file}", f"--storage.tsdb.path={directory / 'tsdb'}"]
    with running([*command, f"--web.listen-address={LOOPBACK}:{port}"], log=log) as process:
        await_start(process, lambda: answers(port) and _is_ready(port), log=log)
        yield Prometheus(port)


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5.0)
    with contextlib.closing(connection), contextlib.suppress(OSError):
        connection.request("GET", "/-/ready")
        return connection.getresponse().status == http.client.OK
    return False


def _series(found: list[dict[str, Any]]) -> Series:
    return {
        frozenset(one["metric"].items()): [(float(at), float(value)) for at, value in one["values"]]
        for one in found
    }
