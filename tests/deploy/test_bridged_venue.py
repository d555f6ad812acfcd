"""A venue with its own broker under the shipped files: its uplink is cut, or one host ends.

Two real brokers, an aggregator and four agents. What passes the bridge can be held up, as a line
that is cut does it: no connection is closed.
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.deploy.certified import Centre, bridged
from tests.integration.real import Agent, Aggregator, in_thread, inventory_of, pause, until
from tests.kit.cuttable import Cuttable

pytestmark = [pytest.mark.real, pytest.mark.long, pytest.mark.timeout(240)]

HOSTS = ("STA-1", "STA-2", "STA-3")
ELSEWHERE = "TAH-1"
CUT_S = 15.0  # both brokers give the connection up before it is over
NOTICED_S = 5.0
BACK_S = 60.0
AGENT = "[heartbeat]\nvitals_every_s = 1\n"


class Uplink(NamedTuple):
    """The line of the bridge; it is cut and mended from another thread than its own."""

    front: Cuttable
    loop: asyncio.AbstractEventLoop

    def cut(self) -> None:
        self.loop.call_soon_threadsafe(self.front.cut)

    def mend(self) -> None:
        self.loop.call_soon_threadsafe(self.front.heal)


@contextlib.asynccontextmanager
async def uplink_to(port: int) -> AsyncIterator[Uplink]:
    async with Cuttable(port).served() as front:
        yield Uplink(front, asyncio.get_running_loop())


class World:
    """All of it."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack) -> None:
        self._journal = folder / "journal.sqlite"
        centre = stack.enter_context(Centre(folder / "centre"))
        self.uplink = stack.enter_context(in_thread(uplink_to(centre.tls_port)))
        (folder / "venue").mkdir()
        through = self.uplink.front.port
        broker = stack.enter_context(bridged(centre, folder / "venue", through=through))
        inventory = inventory_of(("STA", "wired", len(HOSTS)), ("TAH", "wired", 1))
        self.aggregator = stack.enter_context(Aggregator(folder, centre.port, inventory=inventory))
        ports = {ELSEWHERE: centre.port, **dict.fromkeys(HOSTS, broker.port)}
        self.agents: dict[str, Agent] = {}
        for host, port in ports.items():
            own = folder / host  # and a spool of its own
            own.mkdir()
            self.agents[host] = stack.enter_context(Agent(own, port, host, broker=AGENT))
        self.await_all_up()

    def await_all_up(self) -> None:
        for host in self.agents:
            self.aggregator.wait_for(host, "up", within_s=BACK_S)

    def value(self, name: str, host: str) -> float | None:
        return self.aggregator.value(name, host=host)

    def is_caught_up(self, host: str) -> bool:
        return self.aggregator.is_caught_up(host)

    def named(self) -> set[tuple[str, str, str]]:
        return {incident.name for incident in self.aggregator.incidents().incidents}

    def stored(self) -> int:
        with contextlib.closing(sqlite3.connect(self._journal)) as database:
            (count,) = database.execute("SELECT count(*) FROM readings").fetchone()
        return int(count)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with contextlib.ExitStack() as stack:
        yield World(tmp_path, stack)


def test_cut_venue_goes_on_collecting_and_accuses_nobody(world: World) -> None:
    for host in HOSTS:
        until("readings come", partial(world.is_caught_up, host))
    cut = ("venue", "STA", "venue_unreachable")

    world.uplink.cut()
    until("the cut is known", lambda: cut in world.named(), within_s=BACK_S)
    pause(CUT_S)
    world.uplink.mend()
    world.await_all_up()
    for host in HOSTS:
        until("the backlog is through", partial(world.is_caught_up, host), within_s=BACK_S)

    assert [world.value("venuewatch_agent_dropped_total", host) for host in HOSTS] == [0, 0, 0]
    assert world.stored() >= len(HOSTS) * (CUT_S - NOTICED_S)
    assert world.named() == {cut}
    assert "down" not in {change["after"] for change in world.aggregator.accused()}


def test_lost_host_behind_a_bridge_is_that_host_alone(world: World) -> None:
    world.agents["STA-1"].kill()

    world.aggregator.wait_for("STA-1", "down", within_s=BACK_S)

    assert {scope for scope, *_ in world.named()} == {"host"}
    assert [world.aggregator.state(host) for host in HOSTS[1:]] == ["up", "up"]
