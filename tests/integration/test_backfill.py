"""History without holes: what agents kept during an outage, written to Debian's Prometheus.

An outage of some seconds is a real one. Those of 90 s and of an hour are spools that the agent's
own code has written, with times of the last hour. Two aggregators, each with a broker and a
Prometheus of its own, play it side by side. One Prometheus has the shipped file. The other ignores
the times of scraped samples: only so does Debian's, 2.42, mark the end of a series, as 2.48 does
with the shipped file.
"""

from bisect import bisect
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import pytest

from agent.spool.disk import Spool
from bench.kit.processes import free_port
from tests.integration.monitoring import AGGREGATOR, ALERTMANAGER, Prometheus
from tests.integration.real import Agent, Aggregator, Mosquitto, inventory_of, pause, until
from venuewatch.base import clock
from venuewatch.base.wire.catalogue import Catalogue
from venuewatch.base.wire.messages import CheckReading, Checks, Vitals, encode

pytestmark = [pytest.mark.real, pytest.mark.long]

CUT = "STA-1"
KEPT_S = {"STA-2": 90, "STA-3": 3_600}
"""For how long the other hosts could send nothing, when their agents start."""

SHIPPED = "prometheus-2.48.yml"
OUTAGE_S = 8.0
HOSTILE = 'C:\\temp\n"x" \0 \u202e' + "é" * 200
EVERY_S = 10
NUMBER = "venuewatch_agent_readings_total"
"""The number of each reading, among its vitals."""

KINDS: Mapping[str, Mapping[str, str]] = {
    "times": {},
    "markers": {"honor_timestamps: true": "honor_timestamps: false"},
}
kinds = pytest.mark.parametrize("kind", KINDS)
kept = pytest.mark.parametrize(("host", "for_s"), KEPT_S.items())


class World:
    """An aggregator that writes to the Prometheus by which it is scraped.

    Attributes:
        killed_at, back_at: the real outage (s since 1970).
        end: when the spools of the other hosts end.
    """

    def __init__(self, folder: Path, kind: str) -> None:
        folder.mkdir()
        self._folder = folder
        self._broker = Mosquitto(folder)
        port = free_port()
        replaced = {
            **KINDS[kind],
            "    track_timestamps_staleness: true\n": "",  # Debian has 2.42
            "interval: 5s": "interval: 1s",
            "interval: 10s": "interval: 1s",
            AGGREGATOR: f"127.0.0.1:{port}",
            ALERTMANAGER: f"127.0.0.1:{free_port()}",
        }
        flags = ["--web.enable-remote-write-receiver"]
        self.prometheus = Prometheus(folder, replaced, config=SHIPPED, flags=flags)
        self.aggregator = Aggregator(
            folder,
            self._broker.port,
            inventory=inventory_of(("STA", "wired", 3)),
            web="timestamps = true\n"
            f'[remote_write]\nurl = "http://127.0.0.1:{self.prometheus.port}/api/v1/write"',
            web_port=port,
        )
        self.killed_at = self.back_at = 0.0
        self.end = 0

    def begin(self, stack: ExitStack) -> None:
        stack.enter_context(self._broker)
        stack.enter_context(self.prometheus)
        stack.enter_context(self.aggregator)
        stack.enter_context(self._agent(CUT))

    def break_off(self) -> None:
        until("it is scraped", lambda: len(self.of_cut_host()) > 2, within_s=30.0)
        self.killed_at = clock.wall()
        self.aggregator.kill()
        self.end = int(self.killed_at) // EVERY_S * EVERY_S
        for host, for_s in KEPT_S.items():
            keep(self._folder / host, self.end, for_s)

    def go_on(self, stack: ExitStack) -> None:
        self.back_at = clock.wall()
        self.aggregator.start()
        for host in KEPT_S:
            stack.enter_context(self._agent(host))

    def until_written(self) -> None:
        until("all is written", self._is_written, within_s=60.0)
        now = clock.wall()
        until("it scrapes", lambda: self.prometheus.ask(f"timestamp(up) > {now} and up == 1"))

    def of_cut_host(self) -> list[tuple[float, float]]:
        """Return the times and numbers of its readings, as Prometheus has them.

        They are one series, if the labels of what is written are those of a scrape.
        """
        found = self.prometheus.stored(f'{NUMBER}{{host="{CUT}"}}')
        assert len(found) <= 1
        return found[0] if found else []

    def of_outage(self) -> list[tuple[float, float]]:
        """Return those of readings that were made in the real outage."""
        return [(at, no) for at, no in self.of_cut_host() if self.killed_at < at < self.back_at]

    def _agent(self, host: str) -> Agent:
        """Return an agent with a spool of its own, which reads vitals each second."""
        more = (
            f'[spool]\ndirectory = "{self._folder / host}"\n'
            "[heartbeat]\nvitals_every_s = 1.0\n[probe]\nenabled = false\n"
        )
        return Agent(self._folder, self._broker.port, host, broker=more)

    def _is_written(self) -> bool:
        page = self.aggregator.page()
        (pending,) = page.of("venuewatch_aggregator_remote_write_samples_pending") or [({}, 1.0)]
        spooled = [value for _, value in page.of("venuewatch_agent_spool_records")]
        return pending[1] == 0.0 and spooled == [0.0] * 3


def keep(folder: Path, end: int, for_s: int) -> None:
    """Write the spool of an agent that could send nothing ``for_s`` long: its readings' numbers."""
    spool = Spool(str(folder), max_bytes=64_000_000)
    catalogue = Catalogue([("node_load1", [[]]), ("node_network_up", [[HOSTILE]])])
    for number, at in enumerate(range(end - for_s, end, EVERY_S)):
        wall_ms = at * 1000
        vitals = Vitals(
            "old", 1, number, wall_ms, catalogue=catalogue.key, values=[float(number), 1.0]
        )
        check = CheckReading(
            check="isp", kind="ping", state="ok", every_s=30.0, wall_ms=wall_ms, duration_s=0.1
        )
        spool.append(b"v" + encode(vitals), encode(catalogue))
        spool.append(b"c" + encode(Checks("old", 1, number, wall_ms, [check])))
    spool.close()


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, World]]:
    """Yield the worlds when the outages are over and all is written."""
    folder = tmp_path_factory.mktemp("backfill")
    worlds = {kind: World(folder / kind, kind) for kind in KINDS}
    with ExitStack() as stack:
        for world in worlds.values():
            world.begin(stack)
        for world in worlds.values():
            world.break_off()
        pause(OUTAGE_S)
        for world in worlds.values():
            world.go_on(stack)
        for world in worlds.values():
            world.until_written()
        yield worlds


@kinds
@kept
def test_each_step_of_an_outage_has_its_reading(
    worlds: dict[str, World], kind: str, host: str, for_s: int
) -> None:
    world = worlds[kind]
    times = range(world.end - for_s, world.end, EVERY_S)
    vitals = f'node_load1{{job="node",venue="STA",host="{host}",instance="{host}"}}'
    check = f'venuewatch_check_up{{job="venuewatch",host="{host}",check="isp",kind="ping"}}'

    steps = world.prometheus.steps(vitals, times[0], times[-1], EVERY_S)
    (of_check,) = world.prometheus.stored(check)

    assert steps == {at: number for number, at in enumerate(times)}
    assert of_check[: len(times)] == [(at, 1.0) for at in times]


@kinds
def test_each_reading_of_a_real_outage_is_in_the_scraped_series(
    worlds: dict[str, World], kind: str
) -> None:
    world = worlds[kind]

    of_outage = world.of_outage()

    assert all(after - before == 1.0 for (_, before), (_, after) in pairwise(of_outage))
    first, last = of_outage[0][0], of_outage[-1][0]
    middle = world.killed_at + OUTAGE_S / 2
    assert first < middle < last


@kinds
def test_no_step_is_missing_but_behind_the_staleness_marker(
    worlds: dict[str, World], kind: str
) -> None:
    world = worlds[kind]
    asked = range(int(world.killed_at), int(world.back_at) + 1)

    found = world.prometheus.steps(f'{NUMBER}{{host="{CUT}"}}', asked[0], asked[-1], 1.0)

    times = [at for at, _ in world.of_outage()]
    missing = [at for at in asked if at not in found]
    assert len({bisect(times, at) for at in missing}) <= 1, "it ends at the next reading"


def test_a_reading_has_one_time_and_no_counter_steps_back(worlds: dict[str, World]) -> None:
    numbers = [number for _, number in worlds["times"].of_cut_host()]

    assert numbers == sorted(set(numbers))


@kinds
def test_any_label_value_arrives_as_it_was(worlds: dict[str, World], kind: str) -> None:
    found = worlds[kind].prometheus.series('last_over_time(node_network_up{host="STA-2"}[2h])')

    assert HOSTILE in {labels.get("device") for labels, _ in found}


@kinds
def test_nothing_was_dropped(worlds: dict[str, World], kind: str) -> None:
    page = worlds[kind].aggregator.page()

    dropped = page.of("venuewatch_aggregator_remote_write_samples_dropped_total")

    assert {count for _, count in dropped} == {0.0}
