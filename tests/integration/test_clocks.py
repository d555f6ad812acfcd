"""Wall clocks a year off, of each real program: nothing is deleted, and no host is accused."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from tests.integration.real import (
    Agent,
    Aggregator,
    Mosquitto,
    inventory_of,
    pause,
    until,
)
from venuewatch.base import clock
from venuewatch.rehearsal.live.own_clock import Clock

pytestmark = [pytest.mark.real, pytest.mark.long]

YEAR_S, HOUR_S = 31_536_000.0, 3_600.0
HOSTS = ("STA-1", "STA-2", "STA-3", "AQU-1", "AQU-2")
INVENTORY = inventory_of(("STA", "wired", 3), ("AQU", "wired", 2))
QUIET_S = 6.0
"""How long (s) a false alarm is waited for: the largest margin, and a verdict's time."""

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))


class TimedMosquitto(Mosquitto):
    """A broker by a clock of its own."""

    def by(self, path: Path) -> None:
        words = (
            f"LD_PRELOAD={LIBRARIES[0]}",
            f"FAKETIME_TIMESTAMP_FILE={path}",
            "FAKETIME_NO_CACHE=1",
            "FAKETIME_DONT_FAKE_MONOTONIC=1",
        )
        self._command = ("env", *words, *self._command)

    def clock(self) -> float:
        """Return what its clock shows (s since 1970), from its own log of a connection."""
        before = len(self.said())
        self._connect().close()

        def logged() -> str:
            return self.said()[before:].partition("\n")[0]

        return float(until("it logs a connection", logged).partition(":")[0])


class Site:
    """A broker, an aggregator and five agents, each by a clock of its own; all hosts are up."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._stack = stack
        self.folder = folder
        self.broker = TimedMosquitto(folder)
        self.broker_clock = folder / "broker-clock"
        self.broker_clock.write_text("+0")
        if LIBRARIES:
            self.broker.by(self.broker_clock)
        stack.enter_context(self.broker)
        self.aggregator = Aggregator(folder, self.broker.port, inventory=INVENTORY)
        self.clock = Clock(folder / "centre-clock")
        self.aggregator.run_through(*self.clock.words)
        stack.enter_context(self.aggregator)
        self.agents = {name: Agent(folder, self.broker.port, name) for name in HOSTS}
        self.clocks = {name: Clock(folder / f"{name}-clock") for name in HOSTS}
        for name, agent in self.agents.items():
            agent.run_through(*self.clocks[name].words)
            stack.enter_context(agent)
        self.wait_for_all()

    def wait_for_all(self) -> None:
        for name in HOSTS:
            self.aggregator.wait_for(name, "up")

    def causes(self) -> set[str]:
        """Return the causes of all incidents that there ever were."""
        answer = json.loads(self.aggregator.get("/api/v1/incidents") or "{}")
        return {each["cause"] for each in answer["incidents"]}

    def rows(self) -> dict[str, int]:
        """Return how many rows the journal has of each kind that grows old."""
        with closing(sqlite3.connect(self.folder / "journal.sqlite")) as database:
            return {
                table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
                for table in ("incidents", "changes", "transitions", "heard")
            }

    def fall_and_rise(self, name: str) -> None:
        """Let a host fall and come back, within the usual time."""
        self.agents[name].kill()
        self.aggregator.wait_for(name, "down", within_s=10.0)
        self.agents[name].start()
        self.aggregator.wait_for(name, "up")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Yield a site with a history: one host fell, and came back."""
    with ExitStack() as stack:
        site = Site(tmp_path_factory.mktemp("site"), stack)
        site.fall_and_rise("STA-1")
        until("it is stored", lambda: site.rows()["changes"] >= 2)
        yield site


@pytest.fixture
def before(site: Site) -> Iterator[dict[str, Any]]:
    """Yield what was known before, and set all clocks right afterwards."""
    yield {"causes": site.causes(), "accused": site.aggregator.accused(), **site.rows()}
    site.clock.set(0.0)
    site.broker_clock.write_text("+0")
    for each in site.clocks.values():
        each.set(0.0)
    site.wait_for_all()


def check_nothing_is_lost(site: Site, before: dict[str, Any], *, allowed: set[str]) -> None:
    """Check that no row is gone, that nothing false is told, and that a fall is known."""
    pause(QUIET_S)
    assert site.causes() - before["causes"] <= allowed
    assert site.aggregator.accused() == before["accused"]
    now = site.rows()
    assert {table: now[table] >= before[table] for table in now} == dict.fromkeys(now, True)


JUMPS = pytest.mark.parametrize("jump_s", [YEAR_S, -YEAR_S], ids=["ahead", "back"])


@JUMPS
def test_clock_of_the_aggregator_jumps_while_it_runs(
    site: Site, before: dict[str, Any], jump_s: float
) -> None:
    site.clock.set(jump_s)

    until("the jump is told", lambda: "clock_jump" in site.causes())
    check_nothing_is_lost(site, before, allowed={"clock_jump"})


@JUMPS
def test_clock_of_the_aggregator_jumps_while_it_is_away(
    site: Site, before: dict[str, Any], jump_s: float
) -> None:
    site.aggregator.kill()
    site.clock.set(jump_s)
    site.aggregator.start()
    site.wait_for_all()

    until("the jump is told", lambda: "clock_jump" in site.causes())
    check_nothing_is_lost(site, before, allowed={"clock_jump"})


@JUMPS
@pytest.mark.parametrize("is_at_start", [True, False], ids=["at its start", "while it runs"])
def test_clock_of_an_agent_is_its_own_problem(
    site: Site, before: dict[str, Any], jump_s: float, *, is_at_start: bool
) -> None:
    agent = site.agents["AQU-1"]
    if is_at_start:
        agent.stop()
    site.clocks["AQU-1"].set(jump_s)
    if is_at_start:
        agent.start()
    site.aggregator.wait_for("AQU-1", "up")

    until("it is told", lambda: "clock_skew" in site.causes())
    check_nothing_is_lost(site, before, allowed={"clock_skew"})
    site.fall_and_rise("AQU-1")


@pytest.mark.skipif(not LIBRARIES, reason="libfaketime is missing; `make servers` installs it")
@JUMPS
@pytest.mark.parametrize("is_at_start", [True, False], ids=["at its start", "while it runs"])
def test_clock_of_the_broker_changes_nothing(
    site: Site, before: dict[str, Any], jump_s: float, *, is_at_start: bool
) -> None:
    site.broker_clock.write_text(f"{jump_s:+.0f}")
    if is_at_start:
        site.broker.restart()
        until("it is back", site.aggregator.is_ready, within_s=30.0)
    site.wait_for_all()

    check_nothing_is_lost(site, before, allowed=set())
    assert abs(site.broker.clock() - clock.wall() - jump_s) < HOUR_S
    site.fall_and_rise("STA-3")


@JUMPS
def test_a_fall_is_known_by_any_clock(site: Site, before: dict[str, Any], jump_s: float) -> None:
    site.clock.set(jump_s)
    site.fall_and_rise("STA-2")

    answer = json.loads(site.aggregator.get("/api/v1/incidents") or "{}")
    latest = max(
        (each for each in answer["incidents"] if each["host"] == "STA-2"),
        key=lambda each: int(each["number"]),
    )
    assert "clock_in_doubt" in {seen["seen"] for seen in latest["evidence"]}
    assert before["causes"] <= site.causes()
