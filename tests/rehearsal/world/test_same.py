# ruff: noqa: SLF001 - it does by hand what the quick way leaves out
"""Shortcuts of a simulated world change nothing: the same happens, at the same times."""

import math
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from venuewatch.base.wire import topics
from venuewatch.rehearsal import faults
from venuewatch.rehearsal.tcp.round_trip import RoundTrip
from venuewatch.rehearsal.tcp.sender import Carry, Sender
from venuewatch.rehearsal.world import connection
from venuewatch.rehearsal.world.agent import Agent
from venuewatch.rehearsal.world.broker import Broker, ClientSession
from venuewatch.rehearsal.world.loop import Alarm
from venuewatch.rehearsal.world.world import World

BEFORE_S = 20.0
AFTER_S = 30.0
LONGEST_S = 60.0
NAMES = [name for name in faults.names() if faults.load(name)().lasts_s <= LONGEST_S]


class Happened(NamedTuple):
    """All that was published and told, with its time, and how chance stands at the end."""

    published: list[tuple[float, str, bytes]]
    told: list[object]
    changes: list[object]
    chance: object


def played(name: str, seed: int) -> Happened:
    """Play a fault in a world that follows from a seed."""
    fault, rng = faults.load(name)(), random.Random(seed)
    world = World(fault.layout(rng), rng, away_limit_s=fault.AWAY_LIMIT_S)
    published: list[tuple[float, str, bytes]] = []

    def tap(topic: str, payload: bytes, *, is_retained: bool, is_certain: bool) -> None:
        del is_retained, is_certain
        published.append((world.now, topic, payload))

    world.broker.taps.append(tap)
    world.start()
    world.run(BEFORE_S)
    fault.inject(world)
    fault.play(world)
    world.run(AFTER_S)
    observer = world.observer
    return Happened(published, [*observer.told], [*observer.changes], rng.getstate())


@contextmanager
def nothing_saved() -> Iterator[None]:
    """Wait for every acknowledgement, look at all that comes, and remember nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "LoneSender", any_sender)
        patch.setattr(Sender, "settles_at", property(lambda _sender: math.inf))
        patch.setattr(Agent, "_rests_on", lambda _agent, _now: False)
        patch.setattr(Broker, "_wanting_of", wanting_of)
        patch.setattr(Alarm, "set", ask_each_time)
        yield


def any_sender(
    up: Carry, down: Carry, round_trip: RoundTrip, *, rto_max_s: float, linear_retries: int
) -> Sender:
    sender = Sender(up, down, round_trip, rto_max_s=rto_max_s, linear_retries=linear_retries)
    sender.repeat_every_s = math.inf
    return sender


def wanting_of(broker: Broker, topic: str) -> list[ClientSession]:
    found = dict(broker._naming.get(topic, {}))
    for pattern, wanting in broker._matching.items():
        if topics.matches(pattern, topic):
            found.update(wanting)
    return list(found)


def ask_each_time(alarm: Alarm, at: float) -> None:
    alarm._at = at
    if alarm._set_for is None or at < alarm._set_for:
        alarm._set_for = at
        alarm._loop.at(at, lambda: ring(alarm, at))


def ring(alarm: Alarm, set_for: float) -> None:
    if set_for != alarm._set_for:
        return
    alarm._set_for = None
    if alarm._at is None:
        return
    if alarm._at > alarm._loop.now:
        alarm.set(alarm._at)
        return
    alarm._at = None
    alarm._do()


@pytest.mark.long
@settings(deadline=None, max_examples=25)
@given(name=st.sampled_from(NAMES), seed=st.integers(0, 10_000))
def test_same_happens_at_the_same_times_where_nothing_is_saved(name: str, seed: int) -> None:
    quick = played(name, seed)
    with nothing_saved():
        slow = played(name, seed)

    assert quick.published == slow.published
    assert quick.told == slow.told
    assert quick.changes == slow.changes
    assert quick.chance == slow.chance


def test_world_that_goes_on_keeps_no_more_actions_waiting() -> None:
    rng = random.Random(1)
    fault = faults.load("agent_killed")()
    world = World(fault.layout(rng), rng)
    world.start()
    world.run(BEFORE_S)
    before = world.loop.waiting

    world.run(120.0)

    assert world.loop.waiting <= before + len(list(world.hosts()))
