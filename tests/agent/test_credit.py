"""An agent sends backlog as the aggregators grant it, and at today's pace where none does."""

import math
from pathlib import Path

import pytest

from agent.credit import ASK_AGAIN_S, BATCH_EVERY_S, RENEWED_S, TRUSTED_S, VOTES_S, Credit
from agent.spool.pace import LEAST_BYTES
from tests.agent.outbox_world import BOOT, Broker, World
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import CentreState, Grant

ONLINE, OFFLINE = CentreState("online", credit=True), CentreState("offline")
OLDER = CentreState("online")


def of(aggregator: str) -> str:
    return topics.centre_state(aggregator).removesuffix("state")


class Aggregators:
    """The aggregators of one agent, whose ticks come as time passes."""

    def __init__(self, credit: Credit, *names: str) -> None:
        self.credit = credit
        self.now = 100.0
        self.names = set(names)
        for name in names:
            credit.hear_state(of(name), ONLINE, self.now)

    def pass_time(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.5)):
            self.now += 0.5
            for name in self.names:
                self.credit.hear_tick(of(name), self.now)

    def grant(self, by: str, up_to: int, boot: str = BOOT) -> None:
        self.credit.hear_grant(Grant(boot, by, up_to), self.now)

    @property
    def room(self) -> float:
        return self.credit.room(self.now)


@pytest.fixture
def two() -> Aggregators:
    two = Aggregators(Credit(BOOT), "a", "b")
    two.credit.begin(two.now)
    return two


def test_the_least_grant_of_two_aggregators_counts(two: Aggregators) -> None:
    two.grant("a", 50_000)
    of_one = two.room
    two.grant("b", 20_000)

    assert (of_one, two.room) == (0, 20_000)


def test_what_was_sent_counts_against_every_grant(two: Aggregators) -> None:
    two.grant("a", 50_000)
    two.grant("b", 20_000)

    two.credit.batch_sent(15_000, two.now)
    two.credit.asked(two.now)

    assert two.room == 5_000


@pytest.mark.parametrize("leaving", ["offline", "no tick", "older"])
def test_an_aggregator_that_is_gone_has_no_vote(two: Aggregators, leaving: str) -> None:
    two.grant("a", 50_000)

    if leaving == "no tick":
        two.names.remove("b")
        two.pass_time(VOTES_S + 0.5)
    else:
        two.credit.hear_state(of("b"), OFFLINE if leaving == "offline" else OLDER, two.now)

    assert two.room == 50_000


def test_without_an_aggregator_that_grants_nothing_is_limited(two: Aggregators) -> None:
    for name in ("a", "b"):
        two.credit.hear_state(of(name), OLDER, two.now)

    assert two.room == math.inf


def test_a_grant_of_another_boot_or_a_stranger_is_none(two: Aggregators) -> None:
    two.grant("a", 50_000)

    two.grant("b", 50_000, boot="older")
    two.grant("c", 50_000)

    assert two.room == 0


def test_a_grant_not_renewed_falls_back_to_one_batch_a_second(two: Aggregators) -> None:
    two.grant("a", 10**9)
    two.grant("b", 50_000)
    two.pass_time(TRUSTED_S - 0.5)
    two.grant("a", 10**9)
    before = two.room
    two.pass_time(0.5)
    after = two.room
    two.credit.batch_sent(500, two.now)
    behind = two.room
    two.pass_time(BATCH_EVERY_S)

    assert (before, after, behind, two.room) == (50_000, LEAST_BYTES, 0, LEAST_BYTES)


def test_a_grant_that_is_renewed_stays_good(two: Aggregators) -> None:
    for _ in range(10):
        two.grant("a", 50_000)
        two.grant("b", 50_000)
        two.pass_time(20.0)

    assert two.room == 50_000


def test_an_answer_that_stays_away_falls_back_too(two: Aggregators) -> None:
    two.pass_time(TRUSTED_S - 0.5)
    before = two.room
    two.pass_time(0.5)

    assert (before, two.room) == (0, LEAST_BYTES)


def test_an_aggregator_that_comes_back_knows_nothing_of_us(two: Aggregators) -> None:
    two.grant("a", 50_000)
    two.grant("b", 50_000)
    two.credit.asked(two.now)

    two.credit.hear_state(of("b"), ONLINE, two.now)

    assert two.room == 0
    assert two.credit.is_question_due(two.now)


def test_it_is_asked_at_once_and_again_until_there_is_an_answer(two: Aggregators) -> None:
    def asks_within(seconds: float) -> list[float]:
        found, start = [], two.now
        while two.now < start + seconds:
            if two.credit.is_question_due(two.now):
                two.credit.asked(two.now)
                found.append(two.now - start)
            two.pass_time(0.5)
        return found

    unanswered = asks_within(ASK_AGAIN_S + 1.0)
    two.grant("a", 50_000)
    two.grant("b", 50_000)
    answered = asks_within(RENEWED_S + 1.0)

    assert (unanswered, answered) == ([0.0, ASK_AGAIN_S], [RENEWED_S])


def test_what_is_left_of_a_grant_is_void_once_all_is_sent(two: Aggregators) -> None:
    two.grant("a", 50_000)
    two.grant("b", 50_000)

    two.credit.all_sent()
    two.pass_time(3600.0)
    two.credit.begin(two.now)

    assert two.room == 0  # and no fallback before 30 s of waiting
    assert two.credit.is_question_due(two.now)


def test_states_without_end_are_not_all_kept() -> None:
    many = Aggregators(Credit(BOOT), *(f"x{number}" for number in range(100)))

    for number in range(16):
        many.credit.hear_state(of(f"x{number}"), OFFLINE, many.now)

    assert many.room == math.inf


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return an agent with a spool of 30 readings, and an aggregator that grants."""
    world = World(tmp_path)
    world.spool_readings(30)
    world.outbox.credit.hear_state(of("a"), ONLINE, world.now)
    return world


def grant(world: World, up_to: int) -> None:
    world.outbox.credit.hear_grant(Grant(BOOT, "a", up_to), world.now)


def test_an_agent_asks_and_sends_no_batch_before_it_is_granted(world: World) -> None:
    broker = Broker()

    world.run(broker)
    (question,) = [sent.body for sent in broker.sent]
    grant(world, 100_000)
    world.run(broker)

    assert (question["number"], question["waiting"], question["sent"]) == (0, 30, 0)
    assert broker.readings() == list(range(30))


def test_each_batch_says_what_was_sent_and_what_waits_behind_it(world: World) -> None:
    broker = Broker()
    world.run(broker)

    grant(world, 100_000)
    world.run(broker, rounds=60)

    sent = 0
    for each in broker.backlogs():
        sent += sum(10 if vitals["seq"] < 10 else 11 for vitals in each.body.get("vitals", []))
        assert each.body["sent"] == sent
        got = [vitals["seq"] for vitals in each.body.get("vitals", [])]
        assert each.body.get("waiting", 0) == 30 - 1 - (got[-1] if got else -1)


def test_a_small_grant_lets_little_go_and_no_more(world: World) -> None:
    broker = Broker()
    world.run(broker)
    asked = world.outbox.credit.sent

    grant(world, asked + 25)
    world.run(broker)

    assert broker.readings() == [0, 1, 2]  # 10 bytes each, and the last one goes whole
    assert world.outbox.credit.room(world.now) == 0


def test_while_it_waits_there_is_nothing_to_wake_up_for(world: World) -> None:
    broker = Broker()
    world.run(broker)

    next_at = world.outbox.next_at()

    assert next_at < math.inf
    assert next_at > world.now + ASK_AGAIN_S / 2


def test_a_new_session_asks_anew(world: World) -> None:
    world.run(Broker())
    grant(world, 100_000)

    world.outbox.session_ended()
    world.outbox.credit.hear_state(of("a"), ONLINE, world.now)
    again = Broker()
    world.run(again)

    assert [sent.body["number"] for sent in again.sent] == [0]


def test_a_reading_that_comes_behind_the_last_batch_is_sent(world: World) -> None:
    broker = Broker()
    world.run(broker)
    grant(world, 100_000)
    world.run(broker)

    world.take(30, None)
    world.run(broker)
    grant(world, 200_000)
    world.run(broker)

    assert broker.readings() == list(range(31))
    assert not world.outbox.credit.is_waiting
