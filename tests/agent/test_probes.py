"""Questions about neighbours: bounded in number, and answered, against real sockets and cables."""

import errno
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from agent import config, probes
from agent.checks.net import connect, icmp, reach
from agent.checks.net.connect import Target
from agent.checks.net.reach import LOOKUPS_MAX, Rounds
from agent.probes import A_SECOND_MAX, UNDER_WAY_MAX, WORTH_S, Answer, Probes, ask
from tests.agent.checks.namespaces import Cable, cable
from tests.agent.checks.peers import LOOPBACK, PATIENCE_S, full_port, refused_port
from tests.agent.later_threads import LaterThreads
from venuewatch.base import clock
from venuewatch.base.config import in_words
from venuewatch.base.wire.messages import Probe, Probed

REACHED = Answer(is_reached=True, way="icmp")
HERE = ("127.0.0.0/8",)
MAC = "02:00:00:00:00:77"  # of no machine

_ASK = """
import json, sys
from agent.probes import ask
print(json.dumps(ask(*json.loads(sys.argv[1]))))
"""


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


@pytest.fixture
def no_icmp(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_family: int) -> None:
        raise PermissionError("not allowed")

    monkeypatch.setattr(icmp, "_open", refuse)


@pytest.fixture
def no_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the resolver know no name; numbers are none of its business."""

    def ask_nobody(name: str, port: int, *, flags: int) -> list[Target]:
        if flags != socket.AI_NUMERICHOST:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=flags)
        return [Target(family, address) for family, _, _, _, address in found]

    monkeypatch.setattr(connect, "_ask_system", ask_nobody)


def ask_there(net: Cable, *question: Any) -> Answer:
    command = [sys.executable, "-c", _ASK, json.dumps(question)]
    return Answer(*json.loads(net.run(net.here, *command)))


@pytest.mark.timed
@pytest.mark.usefixtures("no_icmp")
def test_silence_is_none_and_known_within_the_timeout() -> None:
    with full_port() as port:
        begin = clock.monotonic()
        answer = ask(LOOPBACK, port, 0.4, HERE)
        took_s = clock.monotonic() - begin

    assert answer == Answer(is_reached=False, way="tcp", detail="no answer in time")
    assert 0.3 < took_s < 0.8


@pytest.mark.usefixtures("no_icmp")
def test_without_any_way_to_ask_nothing_is_said_of_the_neighbour() -> None:
    answer = ask(LOOPBACK, None, 1.0, HERE)

    assert answer.is_reached is None
    assert answer.detail == "ICMP echo is not allowed here, and there is no port to try"


@pytest.mark.real
def test_over_a_real_cable_each_end_of_the_story_is_told_apart() -> None:
    with cable() as net:
        echo = ask_there(net, "10.9.0.2", None, 1.0, [])
        no_route = ask_there(net, "203.0.113.1", 22, 1.0, ["203.0.113.0/24"])
        net.run(net.here, "ip", "neigh", "add", "10.9.0.77", "lladdr", MAC, "dev", "port0")
        silent = ask_there(net, "10.9.0.77", 22, 0.5, [])
        net.run(net.here, "ip", "route", "add", "unreachable", "198.51.100.0/24")
        cut_off = ask_there(net, "198.51.100.1", None, 1.0, ["198.51.100.0/24"])
        scoped = ask_there(net, "fe80::9:2%port0", None, 5.0, ["fe80::/10"])

    assert [echo, scoped] == [Answer(is_reached=True, way="icmp")] * 2
    assert silent == Answer(is_reached=False, way="tcp", detail="no answer in time")
    assert cut_off == Answer(
        is_reached=False, way="icmp", detail="that host cannot be reached from here"
    )
    assert (no_route.is_reached, no_route.detail) == (
        None,
        "that network cannot be reached from here",
    )


OURS = [errno.ENETUNREACH, errno.EMFILE, errno.EPERM]


@pytest.mark.parametrize("code", [*OURS, errno.EHOSTUNREACH, errno.EHOSTDOWN])
def test_our_own_trouble_is_no_word_on_a_neighbour(
    monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    rounds = Rounds("tcp", 3, (), OSError(code, "said"))
    monkeypatch.setattr(reach, "probe", lambda *_: rounds)

    answer = ask(LOOPBACK, 22, 1.0, HERE)

    is_reached = None if code in OURS else False
    assert answer == Answer(is_reached, "tcp", in_words(OSError(code, "said")))


HOSTILE = ["", " ", "a\0b", "x" * 253, ".", "a..b", "[::1]", "::1%nope", "-1", "é" * 200, "a\nb"]


@pytest.mark.usefixtures("no_icmp", "no_names")
@pytest.mark.parametrize("address", HOSTILE)
def test_a_hostile_address_is_one_line_and_no_word_on_a_neighbour(address: str) -> None:
    answer = ask(address, 9, 0.5, ["10.0.0.0/8"])

    assert answer.is_reached is None
    assert answer.detail.isprintable()
    assert 0 < len(answer.detail) <= 256


@pytest.mark.timed
def test_a_resolver_that_hangs_is_given_up_in_time_and_fills_no_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    over = threading.Event()

    def hang(_name: str, _port: int, *, flags: int) -> list[Target]:
        if flags == socket.AI_NUMERICHOST:
            raise socket.gaierror(socket.EAI_NONAME, "a name")
        over.wait(PATIENCE_S)
        raise socket.gaierror(socket.EAI_AGAIN, "late")

    monkeypatch.setattr(connect, "_ask_system", hang)
    before = threading.active_count()

    begin = clock.monotonic()
    answers = [ask(f"name-{at}.example", at, 0.05, ()) for at in range(1, LOOKUPS_MAX + 6)]
    took_s = clock.monotonic() - begin
    lookups = threading.active_count() - before
    over.set()

    slow, too_many = "the name was not resolved in time", "too many names wait for the resolver"
    assert [answer.detail for answer in answers] == [slow] * LOOKUPS_MAX + [too_many] * 5
    assert {answer.is_reached for answer in answers} == {None}
    assert lookups <= LOOKUPS_MAX
    assert took_s < 0.05 * LOOKUPS_MAX + 0.5


@pytest.mark.usefixtures("no_icmp")
def test_a_number_is_asked_whatever_the_resolver_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "lookups", lambda: LOOKUPS_MAX)

    answer = ask(LOOPBACK, refused_port(), 1.0, HERE)

    assert answer.is_reached


def test_a_question_whose_time_is_over_is_not_asked() -> None:
    answer = ask(LOOPBACK, refused_port(), -0.1, HERE)

    assert answer == Answer(None, detail="no answer in time")
