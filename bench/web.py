"""Measures what abuse of the web port costs: scrapes, kills, memory, and the return to the broker.

The same aggregator is measured quiet and abused. Quiet: one scraper asks each second as Prometheus
does, and an agent is killed a few times. Abused: beside them, from other addresses, scrapers hang
that never read the page of all, and others send half a request and come again whenever they are
closed; the process may open few files; at last the broker is restarted.
"""

import argparse
import contextlib
import http.client
import json
import math
import os
import resource
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from bench.kit import members
from bench.kit.centres import get
from bench.kit.filling import fill, served
from bench.kit.machine import program
from bench.kit.mosquitto import mosquitto
from bench.kit.processes import (
    LOOPBACK,
    BenchError,
    await_start,
    forget_peak,
    pause,
    peak_mib,
    python,
    running,
    wait_for,
)
from bench.kit.result import Goal, Result, Row, progress
from bench.kit.scraping import AS_PROMETHEUS
from bench.kit.visitors import HALF, HANG, Visitors, visiting
from venuewatch.base import clock
from venuewatch.base.options import whole
from venuewatch.rehearsal.live.servers import is_ready

SUMMARY = "scrapes, kills and memory while the web port is abused, against a quiet time"
GOALS = (
    Goal("failed_scrapes", 0, "abused"),
    Goal("rss_growth_mib", 80.0, "abused"),
    Goal("kill_beyond_quiet_s", 1.0, "abused"),
    Goal("back_at_broker_s", 5.0, "abused"),
)

_ANSWER_S = 10.0
_KNOWN_S = 20.0
_LOOK_S = 0.02
_SETTLE_S = 3.0
_FILES_BEYOND = 400  # connections that the abused process may have
_CONNECTED = b"\nvenuewatch_aggregator_broker_connected 1.0\n"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the bench's options."""
    number = whole(1, 10_000_000)
    parser.add_argument("--hosts", type=number, default=1_000, help="hosts (%(default)s)")
    parser.add_argument("--series", type=number, default=200, help="of each (%(default)s)")
    parser.add_argument("--hanging", type=number, default=40, help="who never read (%(default)s)")
    parser.add_argument("--half", type=number, default=3_000, help="half requests (%(default)s)")
    parser.add_argument("--kills", type=number, default=5, help="of an agent (%(default)s)")


def run(options: argparse.Namespace) -> Result:
    """Measure.

    Raises:
        BenchError: the broker, the aggregator or an agent does not start.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as name, contextlib.ExitStack() as stack:
        rows = _rows(Path(name), options, stack)
    return Result(rows, {"hosts": options.hosts, "series": options.series}, GOALS)


def _rows(directory: Path, options: argparse.Namespace, stack: contextlib.ExitStack) -> list[Row]:
    hosts = options.hosts + 1  # the last one is a real agent, which is killed
    members.write_inventory(directory / "inventory.toml", hosts)
    broker = stack.enter_context(mosquitto(directory))
    child, port = stack.enter_context(served(directory, broker.port))
    places = [members.place(index) for index in range(options.hosts)]
    fill(broker.port, places, options.series, lambda: _taken(port))
    agent = Killed(directory, broker.port, port, members.place(options.hosts))
    if not wait_for(lambda: get(port, "/-/ready")[0] == 200):  # noqa: PLR2004 - OK
        raise BenchError("the aggregator does not get ready")

    def measured(side: str) -> Row:
        forget_peak(child.pid)
        with scraping(port) as waits:
            kills = [agent.known_after_s() for _ in range(options.kills)]
        progress(f"{side}: killed {median(kills):.2f} s, scraped in {max(waits):.2f} s")
        return {
            "side": side,
            "kill_median_s": round(median(kills), 3),
            "kill_worst_s": round(max(kills), 3),
            "scrapes": len(waits),
            "failed_scrapes": sum(map(math.isinf, waits)),
            "scrape_worst_s": round(max(waits), 3),
            "rss_peak_mib": round(peak_mib(child.pid) or 0.0, 1),
        }

    quiet = measured("quiet")
    _, hard = resource.prlimit(child.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(child.pid, resource.RLIMIT_NOFILE, (min(hard, _FILES_BEYOND), hard))
    hanging = Visitors(port, HANG, options.hanging, network=1, addresses=8)
    half = Visitors(port, HALF, options.half, network=2, addresses=64)
    with visiting(hanging, half):
        pause(_SETTLE_S)
        abused = measured("abused")
        with scraping(port) as waits:
            abused["back_at_broker_s"] = _back_after_s(directory, port, broker.pid, stack)
        abused["failed_scrapes"] += sum(map(math.isinf, waits))  # type: ignore[operator]
    abused["rss_growth_mib"] = round((peak_mib(child.pid) or 0.0) - quiet["rss_peak_mib"], 1)  # type: ignore[operator]
    abused["kill_beyond_quiet_s"] = round(
        abused["kill_median_s"] - quiet["kill_median_s"],  # type: ignore[operator]
        3,
    )
    abused |= {"hanging_came": hanging.came, "half_came": half.came}
    return [quiet, abused]


class Killed:
    """A real agent that is killed, and how soon the API says so."""

    def __init__(self, folder: Path, broker: int, port: int, where: tuple[str, str]) -> None:
        self._port = port
        self._folder = folder
        venue, self._host = where
        self._config = folder / "agent.toml"
        self._config.write_text(
            f'venue = "{venue}"\nhost = "{self._host}"\n[broker]\nport = {broker}\n',
            encoding="utf-8",
        )

    def known_after_s(self) -> float:
        """Start it, kill it, and return after how long (s) it is not called up any more.

        Raises:
            BenchError: it does not get up.
        """
        command = python("agent", "--config", str(self._config), isolated=True)
        with running(command, log=self._folder / "agent.log") as process:
            if not wait_for(lambda: self._state() == "up"):
                raise BenchError("the agent does not get up")
            pause(1.0)  # as long as it needs for its first beats
            killed_at = clock.monotonic()
            process.kill()
            while self._state() in {"up", None}:
                if clock.monotonic() - killed_at > _KNOWN_S:
                    return math.inf
                pause(_LOOK_S)
            return clock.monotonic() - killed_at

    def _state(self) -> str | None:
        with contextlib.suppress(OSError):
            status, text = get(self._port, f"/api/v1/hosts/{self._host}")
            if status == 200:  # noqa: PLR2004 - OK
                return str(json.loads(text)["state"])
        return None


@contextlib.contextmanager
def scraping(port: int) -> Iterator[list[float]]:
    """Scrape the page of all each second while the block runs; yield how long (s) each took.

    One that failed took for ever.
    """
    stop, waits = threading.Event(), list[float]()

    def scrape() -> None:
        while not stop.wait(1.0):
            began = clock.monotonic()
            waits.append(clock.monotonic() - began if _scraped(port) else math.inf)

    thread = threading.Thread(target=scrape, name="prometheus")
    thread.start()
    try:
        yield waits
    finally:
        stop.set()
        thread.join()


def _scraped(port: int) -> bool:

    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_ANSWER_S)
    try:
        with contextlib.closing(connection):
            connection.request("GET", "/metrics", headers=AS_PROMETHEUS)
            answer = connection.getresponse()
            return bool(answer.read()) and answer.status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False


def _taken(port: int) -> int:
    _, page = get(port, "/metrics/self")
    for line in page.splitlines():
        if line.startswith(b'venuewatch_aggregator_messages_total{stream="vitals"} '):
            return int(float(line.rpartition(b" ")[2]))
    return 0


def _back_after_s(directory: Path, port: int, pid: int, stack: contextlib.ExitStack) -> float:
    """Restart the broker; return how long (s) after it answers the aggregator is subscribed.

    Raises:
        BenchError: it does not start again.
    """
    settings = directory / "mosquitto.conf"
    broker_port = int(settings.read_text(encoding="utf-8").rpartition("listener ")[2].split()[0])
    os.kill(pid, signal.SIGKILL)
    if not wait_for(lambda: not _is_connected(port)):
        raise BenchError("the aggregator does not know that its broker has ended")
    log = directory / "mosquitto-again.log"
    command: Sequence[str] = [program("mosquitto") or "", "-c", str(settings)]
    process: subprocess.Popen[bytes] = stack.enter_context(running(command, log=log))

    def connect() -> socket.socket:
        return socket.create_connection((LOOPBACK, broker_port))

    await_start(process, lambda: is_ready(connect), log=log)
    began = clock.monotonic()
    wait_for(lambda: _is_connected(port))
    return round(clock.monotonic() - began, 3)


def _is_connected(port: int) -> bool:
    with contextlib.suppress(OSError):
        return _CONNECTED in get(port, "/metrics/self")[1]
    return False
