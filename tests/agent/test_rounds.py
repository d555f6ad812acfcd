"""Vitals past a collector that hangs: the others are read in every round, with few threads."""

from collections.abc import Callable, Iterator
from itertools import combinations

import pytest

from agent.rounds import LONGEST_S, PATIENCE_S, Rounds
from agent.vitals import Collector
from tests.agent.later_threads import HangingThreads
from venuewatch.base.wire.readings import Readings

START, EVERY_S = 100.0, 10.0
FAMILIES = {"a": "node_load1", "b": "node_load5", "c": "node_load15"}
SOME = [names for count in (1, 2, 3) for names in combinations(FAMILIES, count)]


class Machine:
    """Collectors a, b and c in their rhythm; some hang. Time is the test's own."""

    def __init__(self) -> None:
        self.threads = HangingThreads()
        self.hanging: set[str] = set()
        self.begun = dict.fromkeys(FAMILIES, 0)
        self.read: list[tuple[float, Readings]] = []
        self.now = START
        self.rounds = self.in_rhythm(EVERY_S)

    def in_rhythm(self, every_s: float) -> Rounds:
        collectors = [Collector(name, self._reader(name)) for name in FAMILIES]
        self.rounds = Rounds(
            collectors, self.threads, lambda: self.now, start=START, every_s=every_s
        )
        return self.rounds

    def run(self, until: float) -> None:
        """Let time pass; the agent's loop looks when it promised, and when a thread has ended."""
        while self.rounds.next_at <= until:
            self.now = max(self.now, self.rounds.next_at)
            self.look()
            self.look()
        self.now = until

    def look(self) -> None:
        readings = self.rounds.advance(self.now)
        if readings is not None:
            self.read.append((self.now, readings))

    def successes(self) -> list[tuple[float, str]]:
        """Return when each round was over, and the collectors that succeeded."""
        return [
            (at, "".join(name for name, one in said.node_scrape_collector_success or () if one))
            for at, said in self.read
        ]

    def _reader(self, name: str) -> Callable[[], dict[str, object]]:
        def read() -> dict[str, object]:
            self.begun[name] += 1
            if name in self.hanging:
                self.threads.hang(name)
            return {FAMILIES[name]: self.now}

        return read


@pytest.fixture
def machine() -> Iterator[Machine]:
    machine = Machine()
    yield machine
    machine.threads.let_all_go()


def test_round_in_which_none_hangs_takes_one_thread(machine: Machine) -> None:
    machine.run(START + 2 * EVERY_S)

    assert machine.successes() == [(START + at * EVERY_S, "abc") for at in range(3)]
    assert machine.threads.made == 3
    assert machine.rounds.hung == ()


@pytest.mark.parametrize("names", SOME, ids="".join)
def test_collectors_that_hang_cost_themselves_only(
    machine: Machine, names: tuple[str, ...]
) -> None:
    machine.hanging |= set(names)

    machine.run(START + 3 * EVERY_S)

    others = "".join(name for name in FAMILIES if name not in names)
    slots = (START + at * EVERY_S for at in range(1, 4))
    assert machine.successes() == [(START + LONGEST_S, others), *((at, others) for at in slots)]
    assert machine.rounds.hung == names
    assert {machine.begun[name] for name in names} == {1}
    for _, readings in machine.read:
        values = {name for name in FAMILIES if getattr(readings, FAMILIES[name]) is not None}
        assert values == set(others)


def test_duration_of_a_collector_that_hangs_is_how_long_it_has(machine: Machine) -> None:
    machine.hanging.add("b")

    machine.run(START + EVERY_S)

    said = [dict(read.node_scrape_collector_duration_seconds or ()) for _, read in machine.read]
    assert [durations["b"] for durations in said] == [LONGEST_S, EVERY_S]


def test_collector_that_answers_again_is_read_in_the_next_round(machine: Machine) -> None:
    machine.hanging.add("b")
    machine.run(START + EVERY_S)
    machine.hanging.clear()

    machine.threads.let_go("b")
    machine.run(START + 3 * EVERY_S)

    assert [names for _, names in machine.successes()] == ["ac", "ac", "abc", "abc"]
    assert machine.rounds.hung == ()
    assert machine.read[-1][1].node_load5 == START + 3 * EVERY_S


def test_collector_that_hangs_again_keeps_one_thread_more(machine: Machine) -> None:
    machine.hanging.add("b")
    machine.run(START)
    machine.threads.let_go("b")

    machine.run(START + 2 * EVERY_S)

    assert [names for _, names in machine.successes()] == ["abc", "ac", "ac"]
    assert machine.begun["b"] == 2


def test_slow_collector_that_ends_in_time_has_succeeded(machine: Machine) -> None:
    machine.hanging.add("b")
    machine.run(START + 3.0)

    machine.threads.let_go("b")
    machine.look()

    assert machine.successes() == [(START + 3.0, "abc")]


def test_those_behind_a_slow_collector_wait_for_a_moment_only(machine: Machine) -> None:
    machine.hanging.add("a")
    machine.run(START + PATIENCE_S - 0.01)
    assert machine.begun == {"a": 1, "b": 0, "c": 0}

    machine.run(START + PATIENCE_S)

    assert machine.begun == {"a": 1, "b": 1, "c": 1}
    assert machine.threads.made == 2


@pytest.mark.parametrize("name", FAMILIES)
def test_rhythm_of_a_second_is_kept_past_a_collector_that_hangs(
    machine: Machine, name: str
) -> None:
    machine.in_rhythm(1.0)
    machine.hanging.add(name)

    machine.run(START + 3.0)

    others = "abc".replace(name, "")
    assert machine.successes() == [(START + at, others) for at in (0.5, 1.0, 2.0, 3.0)]


def test_process_that_did_not_run_calls_no_collector_hanging(machine: Machine) -> None:
    machine.hanging.add("a")
    machine.look()
    machine.now += 60.0

    machine.look()
    assert machine.successes() == []
    machine.threads.let_go("a")
    machine.look()

    assert machine.successes() == [(START + 60.0, "abc")]


def test_loop_that_is_late_again_and_again_ends_its_rounds(machine: Machine) -> None:
    machine.hanging.add("a")

    for _ in range(8):
        machine.look()
        machine.now += 3.0

    assert [names for _, names in machine.successes()] == ["bc", "bc"]
