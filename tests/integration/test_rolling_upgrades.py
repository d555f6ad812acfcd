"""Agents and aggregators of two versions: each works with the other, and one replaces the other.

The version of before is the code of an older commit, run by today's Python and packages. What
either does not know, it ignores.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from bench.kit.processes import BenchError
from bench.kit.venue_host import checkout
from tests.integration.real import Agent, Aggregator, Mosquitto, Process, pause, until
from venuewatch.rehearsal.stage.machine import StageError

pytestmark = [pytest.mark.real, pytest.mark.long, pytest.mark.timeout(240)]

BEFORE: Final = "36f58cce47b384caf3a12350eb28218e2db226e1"
HOST: Final = "STA-1"
AGENT: Final = "[heartbeat]\nvitals_every_s = 2\n"
AWAY_S: Final = 6.0  # the agent notices after 3
BACK_S: Final = 60.0
RUN: Final = """
import runpy, sys
_, tree, module, *sys.argv[1:] = sys.argv
sys.path.insert(0, tree)
sys.argv[0] = module
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the code of before; without the history of the project there is none."""
    try:
        return checkout(BEFORE, tmp_path_factory.mktemp("code") / "before", "aggregator")
    except BenchError as error:
        pytest.skip(str(error))


class World:
    """A broker, an aggregator and an agent; ``start`` starts both programs, or starts them anew."""

    def __init__(self, folder: Path, before: Path, stack: contextlib.ExitStack) -> None:
        self._folder = folder
        self._before = before
        self._stack = stack
        self._broker = stack.enter_context(Mosquitto(folder))
        self._web_port = 0
        self._missing_before = 0.0
        self.aggregator: Aggregator
        self.agent: Agent

    def start_aggregator(self, *, is_old: bool) -> None:
        port = self._web_port
        self.aggregator = Aggregator(self._folder, self._broker.port, web_port=port)
        self._web_port = self.aggregator.port
        self._run(self.aggregator, is_old=is_old)

    def start_agent(self, *, is_old: bool) -> None:
        self.agent = Agent(self._folder, self._broker.port, HOST, broker=AGENT)
        self._run(self.agent, is_old=is_old)

    def value(self, name: str) -> float | None:
        return self.aggregator.value(name, host=HOST)

    def is_heard(self) -> bool:
        return (self.value("venuewatch_host_readings_total") or 0) >= 3

    def await_backlog(self) -> None:
        """Wait until every reading has come; if one does not, say what the programs knew."""
        try:
            until("the backlog is through", self._is_caught_up, within_s=BACK_S)
        except StageError as error:
            names = "venuewatch_agent_spool_records", "venuewatch_host_readings_missing"
            seen = [f"{name} {self.value(name)}" for name in names]
            logs = self.agent.said(), self.aggregator.said()
            pytest.fail("\n".join((str(error), *seen, *logs)))

    def _is_caught_up(self) -> bool:
        return self.aggregator.is_caught_up(HOST, missing_before=self._missing_before)

    def note_missing(self) -> None:
        """Let be missing what is now: an agent of before skips without a count."""
        self._missing_before = self.value("venuewatch_host_readings_missing") or 0.0

    def refused(self) -> float:
        page = self.aggregator.page()
        return sum(value for _, value in page.of("venuewatch_aggregator_rejected_total"))

    def _run(self, program: Process, *, is_old: bool) -> None:
        if is_old:
            program.run_through("-c", RUN, str(self._before))
        self._stack.enter_context(program)


@pytest.fixture
def world(tmp_path: Path, before: Path) -> Iterator[World]:
    with contextlib.ExitStack() as stack:
        yield World(tmp_path, before, stack)


@pytest.mark.parametrize("old", ["agent", "aggregator"])
def test_one_of_before_works_with_one_of_today(world: World, old: str) -> None:
    world.start_aggregator(is_old=old == "aggregator")
    world.start_agent(is_old=old == "agent")
    world.aggregator.wait_for(HOST, "up", within_s=BACK_S)
    until("readings come", world.is_heard, within_s=BACK_S)

    world.note_missing()
    world.aggregator.stop()
    pause(AWAY_S)
    world.aggregator.start()
    world.aggregator.wait_for(HOST, "up", within_s=BACK_S)
    world.await_backlog()
    world.agent.stop()

    world.aggregator.wait_for(HOST, "away", within_s=BACK_S)
    assert world.refused() == 0
    assert world.aggregator.accused() == []


@pytest.mark.parametrize("first", ["agent", "aggregator"])
def test_both_are_upgraded_one_after_the_other(world: World, first: str) -> None:
    world.start_aggregator(is_old=True)
    world.start_agent(is_old=True)
    world.aggregator.wait_for(HOST, "up", within_s=BACK_S)

    for upgraded in (first, {"agent": "aggregator", "aggregator": "agent"}[first]):
        world.note_missing()
        if upgraded == "agent":
            world.agent.stop()
            world.start_agent(is_old=False)
        else:
            world.aggregator.stop()
            world.start_aggregator(is_old=False)
        world.aggregator.wait_for(HOST, "up", within_s=BACK_S)
        world.await_backlog()

    assert world.refused() == 0
    assert world.aggregator.accused() == []
    assert world.value("venuewatch_agent_info") == 1
