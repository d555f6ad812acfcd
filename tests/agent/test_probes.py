"""Questions about neighbours: bounded, and answered while that is worth anything."""

import subprocess
import sys
from collections.abc import Sequence

import pytest

from agent import config, probes
from agent.probes import A_SECOND_MAX, UNDER_WAY_MAX, WORTH_S, Answer, Probes
from tests.agent.later_threads import LaterThreads
from venuewatch.base import clock
from venuewatch.base.wire.messages import Probe, Probed

REACHED = Answer(is_reached=True, way="icmp")


class Desk:
    """The neighbours of one agent, asked by a test; time begins at ``start``."""

    def __init__(self, settings: config.Probing) -> None:
        self.threads = LaterThreads()
        self.probes = Probes(settings, self.threads, boot="k3vq7a2e")
        self.start = clock.monotonic()

    def ask(self, *numbers: int, at: float = 0.0) -> None:
        for number in numbers:
            probe = Probe(number=number, host="STA-2", address="192.0.2.7", timeout_s=0.7)
            self.probes.ask(probe, self.start + at)

    def answers(self, *, at: float = 0.0) -> list[Probed]:
        self.threads.finish()
        return self.probes.answers(self.start + at, 3)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Have every question answered at once; return how long (s) each might have taken."""
    allowed_s: list[float] = []

    def ask(_address: str, _port: int | None, timeout_s: float, _nets: Sequence[str]) -> Answer:
        allowed_s.append(timeout_s)
        return REACHED

    monkeypatch.setattr(probes, "ask", ask)
    return allowed_s


@pytest.mark.usefixtures("asked")
def test_an_answer_says_who_found_what_to_which_question() -> None:
    desk = Desk(config.Probing())
    desk.ask(7)

    (probed,) = desk.answers()

    assert (probed.boot, probed.session, probed.number, probed.host) == ("k3vq7a2e", 3, 7, "STA-2")
    assert (probed.is_reached, probed.way, probed.detail) == (True, "icmp", "")


def test_nobody_is_asked_in_the_thread_that_beats(asked: list[float]) -> None:
    desk = Desk(config.Probing())

    desk.ask(7)

    assert asked == []
    assert len(desk.threads.works) == 1
    assert desk.probes.answers(desk.start, 3) == []


@pytest.mark.usefixtures("asked")
def test_more_than_a_few_at_once_are_dropped_and_counted() -> None:
    desk = Desk(config.Probing())

    desk.ask(*range(UNDER_WAY_MAX + 3))

    assert [probed.number for probed in desk.answers()] == list(range(UNDER_WAY_MAX))
    assert desk.probes.dropped == 3


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("enabled", [True, False])
def test_more_than_a_few_a_second_are_dropped_and_counted(*, enabled: bool) -> None:
    desk = Desk(config.Probing(enabled=enabled))

    for number in range(A_SECOND_MAX + 4):
        desk.ask(number, at=0.01 * number)
        desk.answers()
    dropped = desk.probes.dropped
    desk.ask(99, at=1.0)

    assert dropped == 4
    assert [probed.number for probed in desk.answers()] == [99]


@pytest.mark.usefixtures("asked")
def test_an_answer_that_could_not_be_said_yet_holds_its_place() -> None:
    desk = Desk(config.Probing())
    desk.ask(*range(UNDER_WAY_MAX))
    desk.threads.finish()

    desk.ask(99)

    assert desk.probes.dropped == 1
    assert len(desk.answers(at=WORTH_S - 0.5)) == UNDER_WAY_MAX


@pytest.mark.usefixtures("asked")
def test_an_old_answer_is_not_said_and_gives_its_place_back() -> None:
    desk = Desk(config.Probing())
    desk.ask(1)
    desk.threads.finish()

    late = desk.answers(at=WORTH_S + 5.0)
    desk.ask(*range(10, 10 + UNDER_WAY_MAX), at=WORTH_S + 5.0)

    assert late == []
    assert desk.probes.dropped == 0


@pytest.mark.timed
def test_waiting_for_a_thread_is_part_of_the_time_there_is(asked: list[float]) -> None:
    desk = Desk(config.Probing())
    desk.ask(1, at=-0.5)

    desk.answers()

    assert asked[0] <= 0.2


def test_where_probes_are_off_that_is_the_answer_and_nobody_is_asked(asked: list[float]) -> None:
    desk = Desk(config.Probing(enabled=False))
    desk.ask(1)

    (probed,) = desk.answers()

    assert (probed.is_reached, probed.detail) == (None, "probes are off here")
    assert asked == []


def test_a_bug_in_asking_says_nothing_of_the_neighbour(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(*_: object) -> Answer:
        raise LookupError("of ours")

    monkeypatch.setattr(probes, "ask", ask)
    desk = Desk(config.Probing())
    desk.ask(1)

    (probed,) = desk.answers()

    assert (probed.is_reached, probed.detail) == (None, "LookupError")


def test_what_asks_is_not_loaded_before_the_first_question() -> None:
    told = "import sys, agent.__main__; print(*sys.modules)"

    run = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)

    loaded = set(run.stdout.split())
    assert "agent.probes" in loaded
    assert not {"agent.checks.net.reach", "agent.checks.net.icmp"} & loaded
