"""Every reading goes out live, or waits in the spool until the centre has stored it."""

import math
import random
from pathlib import Path

import pytest

from agent.outbox import (
    ACKNOWLEDGED_WITHIN_S,
    ASKED_APART_S,
    RESEND_AFTER_S,
    Message,
    Outbox,
)
from agent.series import SERIES_MAX, Series
from agent.spool.ages import Ages
from tests.agent.outbox_world import BOOT, Broker, Sent, World
from venuewatch.base.wire.catalogue import encode, key_of
from venuewatch.base.wire.messages import MAX_PAYLOAD_BYTES, Vitals, decode_backlog
from venuewatch.base.wire.packing import packed
from venuewatch.base.wire.readings import Readings
from venuewatch.base.wire.topics import Stream


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_with_a_line_a_reading_goes_out_and_is_not_kept(world: World) -> None:
    broker = Broker()

    world.take(0, broker)
    broker.sent[0].is_acknowledged = True
    world.run(broker)

    assert [sent.stream for sent in broker.sent] == [Stream.VITALS]
    assert world.pending() == 0


def test_without_a_line_readings_wait_and_follow_in_order(world: World) -> None:
    broker = Broker()
    world.spool_readings(30)

    world.run(broker)

    assert broker.readings() == list(range(30))
    assert world.pending() == 30


def test_what_the_centre_has_stored_is_forgotten(world: World) -> None:
    broker = Broker()
    world.spool_readings(3)
    world.run(broker)

    for sent in broker.backlogs():
        world.outbox.acknowledged(sent.body["number"], world.now)

    assert world.pending() == 0


CATALOGUE = b'{"families":[["node_load1",[[]]]]}'
OTHER = b'{"families":[["node_load5",[[]]]]}'


def array(seq: int, catalogue: bytes = CATALOGUE) -> Message:
    return Message(
        Stream.VITALS,
        b'{"seq":%d,"catalogue":"%s"}' % (seq, key_of(catalogue).encode()),
        catalogue,
    )


def test_a_catalogue_goes_before_its_vitals_when_it_changes_and_in_each_session(
    world: World,
) -> None:
    broker = Broker()

    for seq, catalogue in enumerate([CATALOGUE, CATALOGUE, OTHER, CATALOGUE]):
        world.outbox.take(array(seq, catalogue), broker, world.now)
    first = [sent.stream for sent in broker.sent]
    world.outbox.session_ended()
    world.outbox.take(array(4), broker, world.now)

    said, vitals = Stream.CATALOGUE, Stream.VITALS
    assert first == [said, vitals, vitals, said, vitals, said, vitals]
    assert [sent.stream for sent in broker.sent[7:]] == [said, vitals]


def test_every_backlog_carries_the_catalogues_of_its_vitals(world: World) -> None:
    broker = Broker()
    world.outbox.take(array(0), broker, world.now)
    for seq in range(1, 60):
        world.outbox.take(array(seq, OTHER if seq > 20 else CATALOGUE), None, world.now)

    world.run(broker)

    assert broker.readings() == list(range(1, 60))
    assert len(broker.backlogs()) > 1
    for sent in broker.backlogs():
        said = {key_of(encode(each)) for each in sent.body["catalogues"]}
        assert said == {vitals["catalogue"] for vitals in sent.body["vitals"]}


def test_a_catalogue_is_said_again_when_asked_but_not_to_each_who_asks(world: World) -> None:
    broker = Broker()
    world.outbox.take(array(0), broker, world.now)

    for _ in range(20):
        world.now += ASKED_APART_S / 8
        world.outbox.say_again(CATALOGUE, broker, world.now)
    world.outbox.say_again(CATALOGUE, None, world.now + ASKED_APART_S)

    assert [sent.stream for sent in broker.sent[2:]] == [Stream.CATALOGUE] * 2


def test_the_largest_vitals_fit_one_backlog_with_their_catalogue(world: World) -> None:
    rng = random.Random(1)
    names = (rng.randbytes(8).hex() for _ in range(SERIES_MAX))
    rows = [(name, -rng.random() * 1e-300) for name in names]
    series = Series()
    up, mtu = rows[:6_000], rows[6_000:]
    numbers = series.numbers(Readings(node_network_up=up, node_network_mtu_bytes=mtu), 0.0)
    vitals = encode(Vitals(BOOT, 1, 0, 0, catalogue=series.key, values=numbers))
    said: list[bytes] = []

    def send(stream: Stream, payload: bytes) -> Sent:
        said.append(payload)
        return Sent(stream, payload)

    world.outbox.take(Message(Stream.VITALS, vitals, series.catalogue), None, world.now)
    world.settle()
    for _ in range(2):
        world.outbox.advance(send, 1, world.now)
        world.settle()

    (payload,) = said
    assert len(numbers) == SERIES_MAX
    assert len(packed(payload)) <= MAX_PAYLOAD_BYTES < len(payload)
    (found,) = decode_backlog(packed(payload)).vitals
    assert found.values == numbers


def test_damaged_vitals_are_counted_once_and_hold_up_no_others(world: World) -> None:
    broker = Broker()
    world.outbox.take(array(0)._replace(catalogue=OTHER), None, world.now)
    world.outbox.take(array(1), None, world.now)
    world.run(broker)

    world.outbox.session_ended()  # all is sent again
    world.run(broker)

    assert (broker.readings(), world.outbox.unreadable) == ([1, 1], 1)


def test_a_batch_that_was_lost_keeps_everything_behind_it(world: World) -> None:
    broker = Broker()
    world.spool_readings(300)
    world.run(broker, rounds=60)
    first, *others = broker.backlogs()

    for sent in others:
        world.outbox.acknowledged(sent.body["number"], world.now)

    assert len(others) > 1
    assert world.pending() == 300
    world.outbox.acknowledged(first.body["number"], world.now)
    assert world.pending() == 0


def test_a_backlog_that_nobody_stored_is_sent_again(world: World) -> None:
    broker = Broker()
    world.take(7, None)
    world.run(broker)

    world.now += RESEND_AFTER_S
    world.run(broker)

    assert broker.readings() == [7, 7]


def test_a_reading_that_the_broker_does_not_acknowledge_in_time_is_kept(world: World) -> None:
    broker = Broker()
    world.take(0, broker)

    world.now += ACKNOWLEDGED_WITHIN_S
    world.outbox.advance(None, 1, world.now)

    assert world.pending() == 1
    assert world.outbox.in_flight == 0


def test_what_is_in_flight_when_the_session_ends_is_kept(world: World) -> None:
    broker = Broker()
    world.take(0, broker)
    world.take(1, broker)
    broker.sent[0].is_acknowledged = True

    world.outbox.session_ended()

    assert world.pending() == 1


def test_after_a_new_session_the_backlog_begins_where_the_centre_has_it(world: World) -> None:
    broker = Broker()
    world.spool_readings(3)
    world.run(broker, acknowledging=False)

    world.outbox.session_ended()
    again = Broker()
    world.run(again)

    assert again.readings() == [0, 1, 2]


def test_a_clean_stop_sends_nothing_twice_that_was_acknowledged(world: World) -> None:
    broker = Broker()
    world.spool_readings(300)
    world.run(broker, rounds=60)
    first, *_ = broker.backlogs()
    world.outbox.acknowledged(first.body["number"], world.now)
    stored = {reading["seq"] for reading in first.body["vitals"]}

    world.outbox.close()
    world.open()
    again = Broker()
    world.run(again, rounds=60)

    assert 0 < len(stored) < 300
    assert again.readings() == [seq for seq in range(300) if seq not in stored]


def test_one_batch_is_under_way_at_a_time(world: World) -> None:
    broker = Broker()
    world.spool_readings(500)

    world.run(broker, acknowledging=False)

    assert len(broker.backlogs()) == 1


def test_without_a_line_there_is_nothing_to_wake_up_for(world: World) -> None:
    world.take(0, None)
    world.run(None)

    assert world.pending() == 1
    assert world.outbox.next_at() == math.inf


def test_when_all_was_sent_there_is_nothing_to_wake_up_for_until_it_is_overdue(
    world: World,
) -> None:
    world.take(0, None)
    world.run(Broker())

    next_at = world.outbox.next_at()

    assert next_at < math.inf
    assert next_at > world.now + 1.0


def test_while_the_spool_is_asked_it_wakes_us_and_no_timer_does(world: World) -> None:
    world.take(0, None)
    world.settle()
    world.outbox.advance(Broker(), 1, world.now)

    assert world.spool.is_asked
    assert world.outbox.next_at() == math.inf


def test_readings_that_were_kept_go_with_their_age(world: World) -> None:
    world.outbox = Outbox(world.spool, boot=BOOT, ages=Ages("run", lambda: world.now))
    broker, taken_at = Broker(), world.now
    world.outbox.take(Message(Stream.VITALS, b'{"seq":0}', taken_at=taken_at), None, world.now)
    world.now += 30.0

    world.run(broker)

    (vitals,) = broker.backlogs()[0].body["vitals"]
    assert vitals["seq"] == 0
    assert 30_000 <= vitals["age_ms"] <= 30_100
