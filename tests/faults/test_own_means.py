"""Faults of what the centre itself leans on: its disk, its clock, who takes its notices.

Each time a host's agent is killed meanwhile: that is known, and nobody else is accused.
"""

import resource
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from aggregator.shell.outlets.journal import MARK_EVERY_S
from tests.faults.world import Plan, World, world_of
from tests.integration.real import in_thread, until
from tests.kit.receiver import Answer, Receiver

pytestmark = [pytest.mark.real, pytest.mark.timeout(400)]

PLANS: Final = [Plan("NOR", 4), Plan("SUD", 4)]
KNOWN_S: Final = 10.0
TOLD_S: Final = 10.0
YEAR_S: Final = 365 * 86_400.0


class Means:
    """What the aggregator leans on."""

    def __init__(self, world: World, receiver: Receiver) -> None:
        self.world = world
        self.receiver = receiver
        self._left = list(world.hosts)
        self._victim = ""

    def check_a_kill_is_known(self) -> None:
        """Kill an agent, and see that it is known, and nobody else is accused.

        It is another one each time: one that falls often is told as flapping.
        """
        victim = self._victim = self._left.pop()
        self.world.hosts[victim].agent.kill()
        self.world.expect("host", victim, "agent_stopped", within_s=KNOWN_S)
        assert {name for scope, name, _ in self.world.named() if scope != "centre"} == {victim}

    def is_told(self) -> bool:
        """Tell whether the receiver has taken a notice of the killed one."""
        heads = [(body["incident"]["host"], body["change"]) for body in self.receiver.taken]
        return (self._victim, "opened") in heads


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Means]:
    folder = tmp_path_factory.mktemp("world")
    with world_of(folder, PLANS) as world, ExitStack() as stack:
        with world.at_centre():
            receiver = stack.enter_context(in_thread(Receiver.serving()))
        world.aggregator.stop()
        _configure(folder / "aggregator.toml", receiver)
        world.aggregator.start()
        yield Means(world, receiver)


@pytest.fixture
def means(running: Means) -> Iterator[Means]:
    """Yield them while all is well, and let all be well again afterwards."""
    running.world.mark()
    running.receiver.attempts.clear()
    yield running
    running.receiver.usual = 200
    running.world.clock.set(0.0)
    running.world.recover()


def _configure(path: Path, receiver: Receiver) -> None:
    path.write_text(path.read_text() + f'[notify]\nwebhook_url = "{receiver.url}"\n')


def test_disk_of_the_journal_is_full(means: Means) -> None:
    pid = means.world.aggregator.pid
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (4_096, before[1]))
    try:
        means.world.expect("centre", "", "journal_failing", within_s=MARK_EVERY_S + KNOWN_S)
        means.check_a_kill_is_known()
        until("it is told", means.is_told, within_s=TOLD_S)
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("jump_s", [YEAR_S, -YEAR_S], ids=["ahead", "back"])
def test_clock_of_the_centre_jumps_by_a_year(means: Means, jump_s: float) -> None:
    means.world.clock.set(jump_s)

    means.world.expect("centre", "", "clock_jump", within_s=KNOWN_S)
    means.check_a_kill_is_known()
    until("it is told", means.is_told, within_s=TOLD_S)


@pytest.mark.parametrize("answer", [401, 302, 404, "hang"])
def test_receiver_refuses_and_the_first_word_is_out_soon_after(
    means: Means, answer: Answer
) -> None:
    means.receiver.usual = answer
    means.check_a_kill_is_known()
    until("it was tried", lambda: means.receiver.attempts, within_s=TOLD_S)
    assert not means.is_told()

    means.receiver.usual = 200

    until("it is told", means.is_told, within_s=TOLD_S)
