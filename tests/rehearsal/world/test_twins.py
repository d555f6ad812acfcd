"""Two agents of one name on a virtual clock: named soon, and then nearly at peace."""

from collections import Counter

import pytest

from aggregator.core.incidents.record import Subject
from aggregator.core.states import ALIVE
from tests.rehearsal.world.conftest import MakeWorld
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import decode_birth
from venuewatch.base.wire.topics import Stream
from venuewatch.rehearsal.world.world import World

NAME, VENUE = "V1-1", "V1"
NAMED_WITHIN_S = 10.0
MINUTES = 15
SEEDS = range(6)

as_brokers_do = pytest.mark.parametrize(
    "says_takeover", [False, True], ids=["Mosquitto 2.0.11", "one that says it"]
)


def sessions_of(world: World) -> list[float]:
    """Return a list to which each new session of the name adds when (s) it was begun."""
    begun: dict[tuple[str, int], float] = {}
    times: list[float] = []
    birth_topic = topics.topic(VENUE, NAME, Stream.BIRTH)

    def note(topic: str, payload: bytes, *, is_retained: bool, is_certain: bool) -> None:  # noqa: ARG001
        if topic == birth_topic:
            birth = decode_birth(payload)
            if begun.setdefault((birth.boot, birth.session), world.now) == world.now:
                times.append(world.now)

    world.broker.taps.append(note)
    return times


def opened(world: World) -> list[tuple[Subject, str]]:
    return [
        (told.changed.incident.subject, str(told.changed.incident.cause))
        for told in world.observer.told
        if told.changed.change == "opened"
    ]


@pytest.mark.long
@as_brokers_do
@pytest.mark.parametrize("seed", SEEDS)
def test_twins_take_the_name_a_few_times_and_then_rarely(
    make_world: MakeWorld, seed: int, *, says_takeover: bool
) -> None:
    world = make_world(seed=seed)
    world.broker.says_takeover = says_takeover
    world.observer.changes.clear()
    sessions, began = sessions_of(world), world.now

    world.venues[VENUE].add_double(NAME).start_agent()
    is_named = world.run_until(lambda: bool(opened(world)), within_s=NAMED_WITHIN_S)
    world.run(began + MINUTES * 60.0 - world.now)

    assert is_named
    assert opened(world) == [(Subject("identity", VENUE, NAME), "duplicate_identity")]
    assert len(world.open_subjects()) == 1
    by_minute = Counter(int((at - began) // 60.0) for at in sessions)  # no fewer than takeovers
    assert by_minute[0] <= 6
    assert max(by_minute[minute] for minute in range(1, MINUTES)) <= 2
    assert sum(by_minute[minute] for minute in range(5, MINUTES)) <= MINUTES - 5
    assert {change.host for change in world.observer.changes} <= {NAME}
    assert {change.after for change in world.observer.changes} <= ALIVE


@as_brokers_do
def test_the_one_that_was_there_first_keeps_the_name(
    make_world: MakeWorld, *, says_takeover: bool
) -> None:
    world = make_world()
    world.broker.says_takeover = says_takeover
    first = world.venues[VENUE].hosts[NAME]
    second = world.venues[VENUE].add_double(NAME)

    second.start_agent()
    world.run(30.0)

    assert first.is_connected
    assert not second.is_connected
    assert first.agent is not None
    assert world.observer.centre.fleet.named(NAME).boot == first.agent.boot


def test_twin_that_is_alone_has_the_name_when_it_looks_again(make_world: MakeWorld) -> None:
    world = make_world()
    second = world.venues[VENUE].add_double(NAME)
    second.start_agent()
    world.run(30.0)

    world.venues[VENUE].hosts[NAME].power_off()
    world.run(60.0)

    assert second.is_connected
    assert world.observer.centre.fleet.named(NAME).state in ALIVE
