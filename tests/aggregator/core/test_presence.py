"""Presence: whose ticks go where, and who is there beside us."""

import pytest

from aggregator.core import presence
from aggregator.core.outputs import Output, Publish
from aggregator.core.presence import OTHERS_MAX, Presence
from aggregator.core.states import HostState
from tests.kit.machine import Machine
from tests.kit.story import ALONE, HOST, fleet_of
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import Tick

NAME = "m"
OWN = topics.centre_tick(NAME)


class Said:
    """A presence over one host, and the topics of the ticks that it has published."""

    def __init__(self, *, is_older: bool = True) -> None:
        fleet = fleet_of(ALONE)
        machine = Machine("STA", HOST)
        machine.echoes_all = not is_older
        self.host = fleet.named(HOST)
        self.host.state, self.host.birth = HostState.UP, machine.announced()
        self.host.boot = self.host.birth.boot
        self._outputs: list[Output] = []
        self.presence = Presence(NAME, fleet, self._outputs)
        self.tick()

    def tick(self, number: int = 1) -> list[str]:
        self._outputs.clear()
        self.presence.publish_tick(Tick(number, 0))
        return [output.topic for output in self._outputs if isinstance(output, Publish)]


@pytest.mark.parametrize(
    ("others", "plain"),
    [([], 1), (["n"], 1), (["n", "z"], 1), (["a"], 0), (["n", "a"], 0), (["M"], 0), (["m2"], 1)],
)
def test_the_first_name_online_serves_older_agents(others: list[str], plain: int) -> None:
    said = Said()

    for other in others:
        said.presence.hear_state(other, "online")

    assert said.tick() == [OWN, *[topics.TICK] * plain]


def test_an_aggregator_serves_older_agents_when_those_before_it_go() -> None:
    said = Said()
    said.presence.hear_state("a", "online")
    said.presence.hear_state("b", "online")
    said.presence.hear_state("a", "offline")
    before = said.tick()

    said.presence.hear_state("b", "offline")

    assert before == [OWN]
    assert said.tick() == [OWN, topics.TICK]


def test_states_are_forgotten_with_the_connection() -> None:
    said = Said()
    said.presence.hear_state("a", "online")

    said.presence.lost()

    assert said.tick() == [OWN, topics.TICK]


def test_names_without_end_are_not_all_kept() -> None:
    said = Said()

    for number in range(10 * OTHERS_MAX):
        said.presence.hear_state(f"n{number}", "online")

    assert len(said.presence.others) == OTHERS_MAX


def test_no_plain_tick_is_said_where_no_older_agent_lives() -> None:
    assert Said(is_older=False).tick() == [OWN]


def test_an_older_agent_that_starts_has_the_plain_tick_at_once() -> None:
    said = Said(is_older=False)
    said.host.boot = "another"

    said.presence.note_agent(said.host)

    assert said.tick() == [OWN, topics.TICK]


@pytest.mark.parametrize("state", HostState)
def test_an_older_agent_that_is_gone_has_no_plain_tick(state: HostState) -> None:
    said = Said()
    said.host.state = state

    is_gone = state in {HostState.DOWN, HostState.AWAY, HostState.UNSEEN}
    assert said.tick() == [OWN, *[topics.TICK] * (not is_gone)]


def test_a_large_fleet_is_looked_at_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "LOOKED_AT_ONCE", 1)
    fleet, outputs = fleet_of({"STA": ("s1", "s2", "s3")}), list[Output]()
    said = Presence(NAME, fleet, outputs)
    hosts = list(fleet)
    hosts[0].state = hosts[1].state = HostState.DOWN
    hosts[2].state = HostState.UP  # it has not said who it is

    def ticks(count: int) -> list[bool]:
        for number in range(count):
            said.publish_tick(Tick(number, 0))
        plain = [out.topic == topics.TICK for out in outputs if isinstance(out, Publish)]
        outputs.clear()
        return plain

    while_up = ticks(9)
    hosts[2].state = HostState.DOWN
    ticks(6)  # a round that had found it, and one that does not

    assert while_up == [False, True] * 9
    assert ticks(3) == [False] * 3


@pytest.mark.parametrize("is_older", [True, False])
@pytest.mark.parametrize("is_first", [True, False])
def test_our_ticks_reach_each_agent_that_is_to_echo_them(*, is_older: bool, is_first: bool) -> None:
    said = Said(is_older=is_older)
    said.presence.hear_state("z" if is_first else "a", "online")

    assert said.presence.reaches(said.host) is (is_first or not is_older)
