"""Refused readings wait, or go in parts; those that never fit are dropped and counted."""

from pathlib import Path

import pytest

from agent.outbox import RESEND_AFTER_S, Message
from tests.agent.outbox_world import Broker, World
from venuewatch.base.wire.catalogue import key_of
from venuewatch.base.wire.topics import Stream

MAX_BYTES = 300


def large(seq: int) -> Message:
    return Message(Stream.VITALS, b'{"seq":%d,"of":"%s"}' % (seq, b"x" * MAX_BYTES))


def with_catalogue(seq: int, catalogue: bytes) -> Message:
    return Message(Stream.VITALS, b'{"seq":%d}' % seq, catalogue)


def catalogues(broker: Broker) -> int:
    """Return how many catalogues the broker got, refused ones included."""
    return sum(sent.stream is Stream.CATALOGUE for sent in broker.sent + broker.refused)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_refused_reading_is_kept_at_once(world: World) -> None:
    world.take(0, Broker(why_not="quota_exceeded"))

    world.outbox.advance(None, 1, world.now)

    assert world.pending() == 1
    assert world.outbox.too_large == 0


@pytest.mark.parametrize("is_over", [False, True])
def test_reading_that_never_fits_is_dropped_and_counted(world: World, *, is_over: bool) -> None:
    world.outbox.take(large(0), Broker(max_bytes=MAX_BYTES), world.now)

    if is_over:
        world.outbox.session_ended()
    else:
        world.outbox.advance(None, 1, world.now)

    assert world.pending() == 0
    assert world.outbox.too_large == 1


def test_backlog_goes_in_parts_that_the_broker_takes(world: World) -> None:
    broker = Broker(max_bytes=MAX_BYTES)
    world.spool_readings(60)

    world.run(broker, rounds=60)

    assert broker.refused
    assert broker.readings() == list(range(60))
    assert world.outbox.too_large == 0


def test_backlog_goes_in_parts_however_large_its_catalogue_is(world: World) -> None:
    catalogue = b'{"families":"%s"}' % (b"x" * MAX_BYTES)
    key = key_of(catalogue).encode()
    broker = Broker(max_bytes=2 * MAX_BYTES)  # it has room for the catalogue and a few readings
    for seq in range(20):
        vitals = b'{"seq":%d,"catalogue":"%s"}' % (seq, key)
        world.outbox.take(Message(Stream.VITALS, vitals, catalogue), None, world.now)

    world.run(broker, rounds=60)

    assert broker.refused
    assert broker.readings() == list(range(20))
    assert world.outbox.too_large == 0


def test_reading_of_the_spool_that_never_fits_lets_the_others_pass(world: World) -> None:
    broker = Broker(max_bytes=MAX_BYTES)
    world.take(0, None)
    world.outbox.take(large(1), None, world.now)
    world.take(2, None)

    world.run(broker, rounds=60)
    for sent in broker.backlogs():
        world.outbox.acknowledged(sent.body["number"], world.now)

    assert broker.readings() == [0, 2]
    assert world.outbox.too_large == 1
    assert world.pending() == 0


def test_reading_that_never_fits_takes_none_with_it_that_was_not_stored(world: World) -> None:
    broker = Broker(max_bytes=MAX_BYTES)
    world.take(0, None)
    world.outbox.take(large(1), None, world.now)

    world.run(broker, rounds=60)

    assert broker.readings() == [0]
    assert world.pending() == 2

    world.now += RESEND_AFTER_S
    world.run(broker, rounds=60)

    assert broker.readings() == [0, 0]
    assert world.outbox.too_large == 1  # it failed twice


def test_centre_learns_that_nothing_waits_behind_what_was_dropped(world: World) -> None:
    broker = Broker(max_bytes=MAX_BYTES)
    world.take(0, None)
    world.outbox.take(large(1), None, world.now)

    world.run(broker, rounds=60)

    first, *_, last = broker.backlogs()
    assert (first.body["number"], first.body["waiting"]) == (1, 1)
    assert (last.body["number"], last.body.get("waiting", 0)) == (0, 0)
    assert last.body["sent"] == first.body["sent"]  # what never went out takes no credit


def test_refused_backlog_goes_again_later_and_not_before(world: World) -> None:
    broker = Broker(why_not="not_authorized")
    world.spool_readings(3)

    world.run(broker)
    tries = len(broker.refused)
    broker.why_not = ""
    world.run(broker)
    early = broker.readings()
    world.now += RESEND_AFTER_S
    world.run(broker)

    assert (tries, early) == (1, [])
    assert broker.readings() == [0, 1, 2]


def test_another_session_may_take_what_the_last_refused(world: World) -> None:
    world.spool_readings(3)
    world.run(Broker(why_not="quota_exceeded"))
    world.outbox.session_ended()
    broker = Broker()

    world.run(broker)

    assert broker.readings() == [0, 1, 2]


def test_vitals_are_dropped_whose_catalogue_never_fits(world: World) -> None:
    broker = Broker(max_bytes=MAX_BYTES)
    catalogue = b'{"families":"%s"}' % (b"x" * MAX_BYTES)

    for seq in range(3):
        world.outbox.take(with_catalogue(seq, catalogue), broker, world.now)
    world.outbox.advance(None, 1, world.now)

    assert broker.sent == []
    assert catalogues(broker) == 1
    assert world.outbox.too_large == 3
    assert world.pending() == 0


def test_vitals_are_kept_whose_catalogue_was_refused(world: World) -> None:
    broker = Broker()
    world.outbox.take(with_catalogue(0, b'{"families":"few"}'), broker, world.now)
    said, vitals = broker.sent
    said.refused, vitals.is_acknowledged = "quota_exceeded", True

    world.outbox.advance(None, 1, world.now)
    world.outbox.take(with_catalogue(1, b'{"families":"few"}'), broker, world.now)

    assert world.pending() == 1
    assert catalogues(broker) == 2  # it is said again


def test_vitals_whose_catalogue_was_taken_are_not_kept(world: World) -> None:
    broker = Broker()
    for seq in range(2):
        world.outbox.take(with_catalogue(seq, b'{"families":"few"}'), broker, world.now)
    for sent in broker.sent:
        sent.is_acknowledged = True

    world.outbox.advance(None, 1, world.now)

    assert world.pending() == 0
    assert catalogues(broker) == 1
