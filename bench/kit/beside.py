"""Runs our whole chain and node_exporter on this machine, scraped by one Prometheus.

Mosquitto, an agent, two aggregators and node_exporter. Our jobs are the shipped ones, at other
intervals; node_exporter is scraped at the same. The clock of the second aggregator wavers by 50 ms:
run as a program, this module is that aggregator, and takes its arguments.
"""

import contextlib
import math
import runpy
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import yaml

from bench.kit import members
from bench.kit.centres import aggregator
from bench.kit.machine import program
from bench.kit.mosquitto import mosquitto
from bench.kit.processes import (
    LOOPBACK,
    ROOT,
    BenchError,
    answers,
    await_start,
    free_port,
    pause,
    python,
    running,
    wait_for,
)
from bench.kit.prometheus import Prometheus, prometheus
from venuewatch.base import clock

PLAIN = "node"
"""The job of prometheus.yml, as it is shipped: no times, scraped as often as vitals are sent."""

BOTH = "both aggregators"
"""A job with times that has two targets."""

FINE = "node_exporter, fine"
"""A job that scrapes node_exporter often."""

THEIRS = "node_exporter"

_SHIPPED = ROOT / "deploy" / "prometheus"
_SINCE_2_48 = "track_timestamps_staleness"
_TIMES_AS_OFTEN = (0.5, 1.0, 1.5, 3.0)
_AWAY_FROM_SCRAPE = 0.2  # of an interval
_TRIES = 12
_WAITS_S = 1.0
"""How long a reading waits for the beat with which it is sent."""
_LATER = 0.382  # of an interval: parts of it that spread well, however many they are
_WAVERS_S = 0.05
_PERIOD_S = 10.0
_AS_UPSTREAM = (
    "--collector.netdev.device-exclude=",
    "--collector.netclass.ignore-invalid-speed",
    "--collector.filesystem.mount-points-exclude=^/(dev|proc|sys)($|/)",
)
"""What undoes Debian's own exclusions."""


class Scene(NamedTuple):
    """The programs, from when all of them are scraped. ``every_s``: how often vitals are sent."""

    prometheus: Prometheus
    every_s: float

    @property
    def intervals_s(self) -> tuple[float, ...]:
        """The intervals of the jobs: 5, 10, 15 and 30 s where vitals are sent each 10 s."""
        return _intervals_s(self.every_s)


def timed(interval_s: float) -> str:
    """Name the job that scrapes us with times each ``interval_s``."""
    return f"times, {interval_s:g} s"


def theirs(interval_s: float) -> str:
    """Name the job that scrapes node_exporter each ``interval_s``."""
    return f"{THEIRS}, {interval_s:g} s"


@contextlib.contextmanager
def scene(directory: Path, every_s: float, *, rules: Sequence[Path] = ()) -> Iterator[Scene]:
    """Run all of it until the block ends, and evaluate ``rules``, too.

    Raises:
        BenchError: a program is not installed, or does not start.
    """
    inventory = directory / "inventory.toml"
    members.write_inventory(inventory, 1)
    with (
        mosquitto(directory) as broker,
        _Agent(directory, broker.port, every_s) as agent,  # before those who wait for it
        aggregator(directory, inventory, broker.port, name="first") as first,
        aggregator(directory, inventory, broker.port, name="second", module=__name__) as second,
        _node_exporter(directory) as exporter_port,
        prometheus(
            directory,
            {
                "global": {
                    "scrape_interval": _time(every_s),
                    "evaluation_interval": _time(every_s / 2),
                },
                "rule_files": [str(path) for path in rules],
                "storage": _job_file("prometheus-2.48.yml")["storage"],
                "scrape_configs": _jobs(every_s, first.web_port, second.web_port, exporter_port),
            },
        ) as server,
    ):
        _come_between_scrapes(agent, server, every_s)
        yield Scene(server, every_s)


class _Agent:
    """The agent of the only host, which can be started again; it ends with the block."""

    def __init__(self, directory: Path, broker_port: int, every_s: float) -> None:
        venue, host = members.place(0)
        settings, self._log = directory / "agent.toml", directory / "agent.log"
        settings.write_text(
            f'venue = "{venue}"\nhost = "{host}"\n[broker]\nport = {broker_port}\n'
            f"[heartbeat]\nvitals_every_s = {every_s:g}\n",
            encoding="utf-8",
        )
        self._command = python("agent", "--config", str(settings), isolated=True)
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        self._stack.enter_context(running(self._command, log=self._log))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def restart(self) -> None:
        """End it, and start another."""
        self._stack.close()
        self.__enter__()


def _come_between_scrapes(agent: _Agent, server: Prometheus, every_s: float) -> None:
    """Start the agent again until its readings come well between scrapes of the job without times.

    A reading that comes just when it is scraped is stored once more, or not at all, by chance.
    Each try follows a scrape at once and would meet the next one where the last try did, so each
    begins at another part of the interval.

    Raises:
        BenchError: none does, or nothing is scraped.
    """
    vitals = f'node_time_seconds{{job="{PLAIN}"}}'
    started = 0.0
    for tried in range(1, _TRIES + 1):
        _await(server, f"{vitals} > {started}", 4 * every_s + 10)
        age_s = server.now(f"timestamp({vitals}) - {vitals}")[0][1] - _WAITS_S
        age = age_s / every_s % 1
        if _AWAY_FROM_SCRAPE < age < 1 - _AWAY_FROM_SCRAPE:
            return
        pause(tried * _LATER % 1 * every_s)
        agent.restart()
        started = clock.wall()
    raise BenchError(f"in {_TRIES} tries no agent's readings came between two scrapes")


def _await(server: Prometheus, query: str, at_most_s: float) -> None:
    if not wait_for(lambda: bool(server.now(query)), at_most_s=at_most_s):
        raise BenchError("no vitals of the agent are scraped")


@contextlib.contextmanager
def _node_exporter(directory: Path) -> Iterator[int]:
    path = program("prometheus-node-exporter")
    if path is None:
        raise BenchError("node_exporter is not installed")
    port, log = free_port(), directory / "node_exporter.log"
    command = [path, f"--web.listen-address={LOOPBACK}:{port}", "--log.level=error", *_AS_UPSTREAM]
    with running(command, log=log) as process:
        await_start(process, lambda: answers(port), log=log)
        yield port


def _jobs(every_s: float, first: int, second: int, exporter: int) -> list[dict[str, Any]]:
    plain = _job("prometheus.yml")
    with_times = _job("prometheus-2.48.yml")
    del with_times[_SINCE_2_48]  # Debian's Prometheus is older
    jobs = [_at(plain, PLAIN, every_s, first), _at(with_times, BOTH, every_s / 2, first, second)]
    for interval_s in _intervals_s(every_s):
        count = 1 + int(interval_s / every_s)  # as docs/http.md advises
        readings = {"readings": [str(count)]}
        each = with_times | {"params": with_times["params"] | readings}
        jobs.append(_at(each, timed(interval_s), interval_s, first))
        jobs.append(_at({}, theirs(interval_s), interval_s, exporter))
    return [*jobs, _at({}, FINE, min(1.0, every_s / 2), exporter)]


def _at(job: Mapping[str, Any], name: str, interval_s: float, *ports: int) -> dict[str, Any]:
    targets = [f"{LOOPBACK}:{port}" for port in ports]
    timing = {"scrape_interval": _time(interval_s), "scrape_timeout": _time(interval_s)}
    return {**job, "job_name": name, "static_configs": [{"targets": targets}], **timing}


def _job(file: str) -> dict[str, Any]:
    jobs = _job_file(file)["scrape_configs"]
    return next(dict(job) for job in jobs if job["job_name"] == PLAIN)


def _job_file(file: str) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((_SHIPPED / file).read_text(encoding="utf-8"))
    return read


def _intervals_s(every_s: float) -> tuple[float, ...]:
    return tuple(every_s * often for often in _TIMES_AS_OFTEN)


def _time(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms"


def _waver() -> None:
    right = clock.wall
    clock.wall = lambda: right() + _WAVERS_S * math.sin(2 * math.pi * clock.monotonic() / _PERIOD_S)


if __name__ == "__main__":
    _waver()
    sys.argv = ["aggregator", *sys.argv[1:]]
    runpy.run_module("aggregator", run_name="__main__", alter_sys=True)
