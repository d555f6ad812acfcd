"""History: an aggregator that writes to the Prometheus by which it is scraped, and its outage.

One host is cut off for real, with its aggregator. Others have a spool that the agent's own code has
written, with times of before the outage. Prometheus has the shipped file. As ``markers`` it ignores
the times of scraped samples: only so does Debian's, 2.42, mark the end of a series, as 2.48 does
with the shipped file.
"""

import signal
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Literal, TypeAlias

from agent.spool.disk import Spool
from bench.kit.processes import free_port
from tests.integration.monitoring import AGGREGATOR, ALERTMANAGER, Prometheus
from tests.integration.real import Agent, Aggregator, Mosquitto, inventory_of, until
from venuewatch.base import clock
from venuewatch.base.wire.catalogue import Catalogue, Families
from venuewatch.base.wire.messages import CheckReading, Checks, Vitals, encode

Outage: TypeAlias = Literal["killed", "frozen"]

CUT = "STA-1"
NUMBER = "venuewatch_agent_readings_total"
"""The number of each reading, among its vitals."""

KEPT_EVERY_S = 10
KINDS: Mapping[str, Mapping[str, str]] = {
    "times": {},
    "markers": {"honor_timestamps: true": "honor_timestamps: false"},
}
FAST = {"interval: 5s": "interval: 1s", "interval: 10s": "interval: 1s"}
_SINCE_2_48 = "    track_timestamps_staleness: true\n"


class History:
    """All of it, in a folder of its own.

    ``kept_s``: for how long each other host could send nothing, when its agent starts.
    ``families``: the series of its vitals; the number of the reading is in all.

    Attributes:
        broken_at, back_at: the real outage (s since 1970).
        end: when the spools of the other hosts end.
    """

    def __init__(
        self,
        folder: Path,
        kind: str,
        *,
        kept_s: Mapping[str, int],
        families: Families,
        outage: Outage = "killed",
        is_fast: bool = False,
    ) -> None:
        folder.mkdir()
        self._folder = folder
        self._kept_s = kept_s
        self._families = families
        self._outage = outage
        self._every_s = 1.0 if is_fast else 10.0
        self._broker = Mosquitto(folder)
        port = free_port()
        replaced = {
            **KINDS[kind],
            **(FAST if is_fast else {}),
            _SINCE_2_48: "",
            AGGREGATOR: f"127.0.0.1:{port}",
            ALERTMANAGER: f"127.0.0.1:{free_port()}",
        }
        self.prometheus = Prometheus(
            folder,
            replaced,
            config="prometheus-2.48.yml",
            flags=["--web.enable-remote-write-receiver"],
        )
        self.aggregator = Aggregator(
            folder,
            self._broker.port,
            inventory=inventory_of(("STA", "wired", 1 + len(kept_s))),
            web="timestamps = true\n"
            f'[remote_write]\nurl = "http://127.0.0.1:{self.prometheus.port}/api/v1/write"',
            web_port=port,
        )
        self.broken_at = self.back_at = 0.0
        self.end = 0

    def begin(self, stack: ExitStack) -> None:
        stack.enter_context(self._broker)
        stack.enter_context(self.prometheus)
        stack.enter_context(self.aggregator)
        stack.enter_context(self._agent(CUT))

    def break_off(self) -> None:
        """Have the aggregator receive nothing, once its host has been scraped."""
        until("it is scraped", lambda: len(self.of_cut_host()) > 2, within_s=90.0)
        self.broken_at = clock.wall()
        if self._outage == "frozen":
            self.aggregator.signal(signal.SIGSTOP)
        else:
            self.aggregator.kill()
        self.end = int(self.broken_at) // KEPT_EVERY_S * KEPT_EVERY_S
        for host in self._kept_s:
            self._keep(host)

    def go_on(self, stack: ExitStack) -> None:
        """Have the aggregator receive again, and the other hosts begin."""
        self.back_at = clock.wall()
        if self._outage == "frozen":
            self.aggregator.signal(signal.SIGCONT)
        else:
            self.aggregator.start()
        for host in self._kept_s:
            stack.enter_context(self._agent(host))

    def until_written(self) -> None:
        """Wait until no agent has a backlog, and Prometheus has it all and what came after it."""
        until("all is written", self._is_written, within_s=300.0, every_s=0.1)
        now = clock.wall()
        fresh = f"timestamp(up) > {now} and up == 1"
        until("it scrapes", lambda: self.prometheus.ask(fresh), within_s=30.0)

    def times_of(self, host: str) -> range:
        """Return when (s since 1970) the readings in the spool of a host were made."""
        return range(self.end - self._kept_s[host], self.end, KEPT_EVERY_S)

    def of_cut_host(self) -> list[tuple[float, float]]:
        """Return the times and numbers of its readings, as Prometheus has them.

        They are one series, if the labels of what is written are those of a scrape.
        """
        found = self.prometheus.stored(f'{NUMBER}{{host="{CUT}"}}')
        assert len(found) <= 1
        return found[0] if found else []

    def of_outage(self) -> list[tuple[float, float]]:
        """Return those of readings that were made in the real outage."""
        return [(at, no) for at, no in self.of_cut_host() if self.broken_at < at < self.back_at]

    def _agent(self, host: str) -> Agent:
        """Return an agent with a spool of its own."""
        more = (
            f'[spool]\ndirectory = "{self._folder / host}"\n'
            f"[heartbeat]\nvitals_every_s = {self._every_s}\n[probe]\nenabled = false\n"
        )
        return Agent(self._folder, self._broker.port, host, broker=more)

    def _is_written(self) -> bool:
        page = self.aggregator.page()
        (pending,) = page.of("venuewatch_aggregator_remote_write_samples_pending") or [({}, 1.0)]
        spooled = [value for _, value in page.of("venuewatch_agent_spool_records")]
        return pending[1] == 0.0 and spooled == [0.0] * (1 + len(self._kept_s))

    def _keep(self, host: str) -> None:
        """Write the spool of a host; each number of its vitals is the number of the reading."""
        spool = Spool(str(self._folder / host), host=host, max_bytes=256_000_000)
        catalogue = Catalogue(self._families)
        size = sum(len(rows) for _, rows in self._families)
        for number, at in enumerate(self.times_of(host)):
            values: list[float | None] = [float(number)] * size
            vitals = Vitals("old", 1, number, at * 1000, catalogue=catalogue.key, values=values)
            check = CheckReading(
                check="isp",
                kind="ping",
                state="ok",
                every_s=30.0,
                wall_ms=at * 1000,
                duration_s=0.1,
            )
            spool.append(b"v" + encode(vitals), encode(catalogue))
            spool.append(b"c" + encode(Checks("old", 1, number, at * 1000, [check])))
        spool.close()
