"""Two aggregators at one broker: neither spoils what the other measures, and neither accuses."""

import pytest

from aggregator.core.states import HostState
from tests.kit.machine import Machine, Message
from tests.kit.story import STADE, STEP_S, Line, Story
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import ECHOES_MAX, CentreState, encode

APART_S = [0.0, 0.375, 1.0, 5.375, 12.0]


class Pair:
    """Aggregators by name, each with a core of its own, which hear the same machines.

    ``older`` are the machines whose agents know the plain tick alone.
    """

    def __init__(self, *older: str) -> None:
        self.now = 0.0
        self.machines: dict[str, Machine] = Story(STADE).machines
        for name in older:
            self.machines[name].echoes_all = False
        self.stories: dict[str, Story] = {}
        self.lines: list[tuple[str, Line]] = []

    def join(self, name: str) -> None:
        others = list(self.stories)
        story = self.stories[name] = Story(STADE, name=name, start=self.now)
        story.machines = self.machines
        story.open()
        for other in others:
            self._say(other, "online", name)
            self._say(name, "online", other)

    def leave(self, name: str) -> None:
        """Stop an aggregator, or kill it: its farewell and its will are the same."""
        self._keep(name)
        del self.stories[name]
        for other in self.stories:
            self._say(name, "offline", other)

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / STEP_S)):
            self.now += STEP_S
            for story in self.stories.values():
                story.advance(self.now)
            for machine in self.machines.values():
                if machine.is_due(self.now) and not machine.is_mute:
                    beat = machine.beat(self.now)
                    for story in self.stories.values():
                        story.deliver(beat)
        for name in self.stories:
            self._keep(name)

    def measured(self, name: str) -> list[str]:
        """Name the hosts that an aggregator has measured, and check that it measured right."""
        hosts = list(self.stories[name].centre.fleet)
        found = [host for host in hosts if host.round_trip_s is not None]
        assert all(host.round_trip_s == pytest.approx(0.0, abs=0.002) for host in found)
        assert all(host.clock_offset_s == pytest.approx(0.0, abs=0.002) for host in found)
        return [host.name for host in found]

    def _keep(self, name: str) -> None:
        self.lines += [(name, line) for line in self.stories[name].lines()]

    def _say(self, name: str, state: str, to: str) -> None:
        said = encode(CentreState(state))  # type: ignore[arg-type]
        self.stories[to].deliver(Message(topics.centre_state(name), said))


@pytest.mark.parametrize("apart_s", APART_S)
def test_two_aggregators_measure_every_host_right(apart_s: float) -> None:
    pair = Pair()
    pair.join("b")
    pair.run(apart_s)
    pair.join("a")

    pair.run(60.0)

    assert pair.lines == []
    assert pair.measured("a") == pair.measured("b") == list(pair.machines)


@pytest.mark.parametrize("older", [(), ("s1",), ("s1", "s2", "s3", "a1", "a2", "a3")])
@pytest.mark.parametrize("away_s", [0.25, 1.0, 12.0])
def test_an_aggregator_that_comes_and_goes_accuses_nobody(
    older: tuple[str, ...], away_s: float
) -> None:
    pair = Pair(*older)
    pair.join("a")
    pair.run(10.0)
    pair.join("b")
    pair.run(30.0)
    for name in ("a", "b", "a"):
        pair.leave(name)
        pair.run(away_s)
        pair.join(name)
        pair.run(30.0)

    assert pair.lines == []
    states = {host.state for story in pair.stories.values() for host in story.centre.fleet}
    assert states == {HostState.UP}


def test_older_agents_are_measured_by_the_first_alone() -> None:
    pair = Pair("s1", "a1")
    pair.join("b")
    pair.join("a")
    pair.run(60.0)
    before = pair.measured("a"), pair.measured("b")
    pair.leave("a")

    pair.run(10.0)

    everybody = list(pair.machines)
    assert before == (everybody, [name for name in everybody if name not in {"s1", "a1"}])
    assert pair.measured("b") == everybody
    assert pair.lines == []


def test_an_aggregator_without_a_place_among_the_echoes_accuses_nobody() -> None:
    pair = Pair()
    pair.join("fifth")
    for _ in range(60):
        for machine in pair.machines.values():
            machine.deaf_to = {topics.centre_tick("fifth")}
            machine.ticks = {str(other): (other, pair.now) for other in range(ECHOES_MAX)}
        pair.run(0.5)

    assert (pair.measured("fifth"), pair.lines) == ([], [])


def test_a_host_without_the_ticks_of_one_is_accused_by_that() -> None:
    pair = Pair()
    pair.join("a")
    pair.join("b")
    pair.run(10.0)
    pair.machines["s1"].deaf_to = {topics.centre_tick("b")}

    pair.run(30.0)

    assert [(name, *line[1:]) for name, line in pair.lines] == [
        ("b", "opened", "link s1", "one_way_loss")
    ]
    pair.machines["s1"].deaf_to.clear()
    pair.run(10.0)
    assert [line[1] for _, line in pair.lines] == ["opened", "closed"]


def test_a_wrong_clock_is_told_by_both() -> None:
    pair = Pair()
    pair.join("a")
    pair.run(5.0)
    pair.join("b")
    pair.run(10.0)
    pair.machines["s1"].clock_ahead_s = 30.0

    pair.run(10.0)

    assert sorted((name, *line[1:]) for name, line in pair.lines) == [
        (name, "opened", "clock s1", "clock_skew") for name in ("a", "b")
    ]


def test_a_mute_older_agent_is_accused_by_the_first_alone() -> None:
    pair = Pair("s1")
    pair.join("a")
    pair.join("b")
    pair.run(10.0)
    pair.machines["s1"].is_deaf = True

    pair.run(30.0)

    assert [(name, *line[1:]) for name, line in pair.lines] == [
        ("a", "opened", "link s1", "one_way_loss")
    ]
