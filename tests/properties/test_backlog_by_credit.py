"""Both ends of credit together: whatever is lost or repeated, every backlog gets through."""

import random
from collections.abc import Sequence

import pytest

from agent.credit import Credit as AgentsCredit
from aggregator.core.credit import VENUE_BYTES_PER_S, Credit
from aggregator.core.dedup import Dedup
from aggregator.core.fleet import Fleet, Venue
from aggregator.core.hearing import Hearing
from aggregator.core.host import Host
from aggregator.core.incidents.store import IncidentStore
from aggregator.core.states import HostState
from aggregator.core.storing import Storing
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import Backlog, CentreState, Grant

RECORD = 700  # bytes
BATCH = 20 * RECORD
STEP_S = 0.05
ONLINE = CentreState("online", credit=True)
NAMES = ("first", "second")


class Aggregator:
    def __init__(self, fleet: Fleet, name: str, now: float) -> None:
        self.hearing = Hearing()
        self.hearing.recover(now)
        self.storing = Storing(fleet, IncidentStore(fleet, []), Dedup(), [])
        self.credit = Credit(fleet, name)


class Agent:
    def __init__(self, host: Host, records: int) -> None:
        self.host = host
        self.credit = AgentsCredit("boot")
        self.waiting = records
        self.granted: dict[str, int] = {}


class World:
    """Agents at two aggregators. ``loss``: of messages; each tenth that comes, comes twice."""

    def __init__(self, seed: int, records: Sequence[int] = (1, 40, 3_000)) -> None:
        self.rng = random.Random(seed)
        self.now = 1_000.0
        self.loss = 0.3
        venues = [Venue(code, margin_s=1.0) for code in ("V0", "V1")]
        for number in range(8):
            venue = venues[number % 2]
            name = f"{venue.code}-{number}"
            venue.hosts[name] = Host(venue.code, name, margin_s=1.0, state=HostState.UP)
        self.fleet = Fleet(venues)
        self.aggregators = {name: Aggregator(self.fleet, name, self.now) for name in NAMES}
        self.agents = {host.name: Agent(host, self.rng.choice(records)) for host in self.fleet}
        for agent in self.agents.values():
            self.begin_session(agent)

    def begin_session(self, agent: Agent) -> None:
        agent.credit.session_ended()
        agent.granted.clear()
        for name in self.aggregators:
            agent.credit.hear_state(_of(name), ONLINE, self.now)

    def restart(self, name: str) -> None:
        self.aggregators[name] = Aggregator(self.fleet, name, self.now)
        for agent in self.agents.values():
            agent.credit.hear_state(_of(name), ONLINE, self.now)

    def step(self) -> None:
        self.now += STEP_S
        for agent in self.agents.values():
            for name in self.aggregators:
                agent.credit.hear_tick(_of(name), self.now)
            self._send(agent)
        for aggregator in self.aggregators.values():
            storing = aggregator.storing
            for said in aggregator.credit.advance(self.now, aggregator.hearing, storing):
                assert isinstance(said.message, Grant)
                agent = self.agents[said.topic.split("/")[3]]
                for _ in range(self._copies()):
                    agent.credit.hear_grant(said.message, self.now)

    def _send(self, agent: Agent) -> None:
        credit = agent.credit
        if not agent.waiting:
            return
        credit.begin(self.now)
        if credit.is_question_due(self.now):
            credit.asked(self.now)
            self._say(agent, 0)
        room = min(BATCH, credit.room(self.now))
        records = min(agent.waiting, max(1, int(room // RECORD)))
        if room:
            agent.waiting -= records
            credit.batch_sent(records * RECORD, self.now)
            self._say(agent, 1)
            if not agent.waiting:
                credit.all_sent()

    def _say(self, agent: Agent, number: int) -> None:
        backlog = Backlog("boot", 1, number, sent=agent.credit.sent, waiting=agent.waiting)
        for aggregator in self.aggregators.values():
            for _ in range(self._copies()):
                aggregator.credit.note(agent.host, backlog)

    def _copies(self) -> int:
        return 0 if self.rng.random() < self.loss else 1 + (self.rng.random() < 0.1)


def _of(name: str) -> str:
    return topics.centre_state(name).removesuffix("state")


@pytest.mark.parametrize("seed", range(6))
def test_every_backlog_gets_through_whatever_is_lost(seed: int) -> None:
    world = World(seed)
    for _ in range(400):
        world.step()
        chance = world.rng.random()
        if chance < 0.01:
            world.restart(world.rng.choice(NAMES))
        elif chance < 0.03:
            world.begin_session(world.rng.choice(list(world.agents.values())))

    world.loss = 0.0
    for _ in range(4_000):
        world.step()

    assert [agent.waiting for agent in world.agents.values()] == [0] * 8
    assert all(agent.credit.sent for agent in world.agents.values())


@pytest.mark.parametrize("seed", range(3))
def test_no_venue_sends_more_than_it_may_whatever_is_lost(seed: int) -> None:
    world = World(seed, [60_000])
    for _ in range(1_000):
        world.step()

    for venue in ("V0", "V1"):
        sent = sum(
            agent.credit.sent for agent in world.agents.values() if agent.host.venue == venue
        )
        assert 0.0 < sent / (1_000 * STEP_S * VENUE_BYTES_PER_S) < 1.1
