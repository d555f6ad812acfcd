"""Readings follow a beat, and the next beat waits for them."""

from pathlib import Path

import pytest

from agent.beat_queue import WAIT_FOR_BEAT_S, BeatQueue
from agent.mqtt.thin_tcp import Connection
from agent.outbox import Message
from tests.agent.outbox_world import Broker, World
from venuewatch.base.wire.topics import Stream


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


class Stretch(Connection):
    """A connection that is thin or not, as the test says, and counts the beats' ends."""

    def __init__(self, *, is_thin: bool = True) -> None:
        super().__init__(object())
        self._is_thin = is_thin
        self.written = 0

    @property
    def is_thin(self) -> bool:
        return self._is_thin

    def wrote(self) -> None:
        self.written += 1


VITALS = Message(Stream.VITALS, b"{}")


def test_reading_waits_for_the_beat_and_the_next_beat_for_it(world: World) -> None:
    queue, thin, broker = BeatQueue(world.outbox, interval_s=1.0), Stretch(), Broker()

    queue.add([VITALS], thin, broker, 1.0)
    before = len(broker.sent)
    queue.follow_beat(thin, broker, 1.5)
    queue.follow_beat(thin, broker, 2.5)

    assert (before, len(broker.sent), thin.written) == (0, 1, 1)


@pytest.mark.parametrize(("is_thin", "interval_s"), [(False, 1.0), (True, WAIT_FOR_BEAT_S + 1.0)])
def test_reading_goes_at_once_where_waiting_is_no_help(
    world: World, *, is_thin: bool, interval_s: float
) -> None:
    broker = Broker()

    queue = BeatQueue(world.outbox, interval_s=interval_s)
    queue.add([VITALS], Stretch(is_thin=is_thin), broker, 1.0)

    assert len(broker.sent) == 1


def test_reading_that_waits_when_the_session_ends_is_kept(world: World) -> None:
    queue = BeatQueue(world.outbox, interval_s=1.0)
    queue.add([VITALS], Stretch(), Broker(), 1.0)

    queue.add([], None, None, 2.0)

    assert world.pending() == 1
