"""A batch that an aggregator put back is sent again by itself, however much is behind it."""

from collections import Counter
from pathlib import Path

import pytest

from agent.outbox import RESEND_AFTER_S, Message, Outbox
from agent.spool.pace import LEAST_BYTES, Pace
from tests.agent.outbox_world import BOOT, Broker, Sent, World
from venuewatch.base.wire.topics import Stream

READINGS = 2_000  # some 400 kB: more than 15 batches, and a second of sending for each of them
FIRST_HOLE = 2


class Centre(Broker):
    """Stores each batch at once, but for those that are put back: by their places, from 1 on."""

    def __init__(self, world: World, *put_back: int) -> None:
        super().__init__()
        self._world = world
        self._put_back = put_back
        self.at_s: list[float] = []

    def __call__(self, stream: Stream, payload: bytes) -> Sent:
        self.at_s.append(self._world.now)
        return super().__call__(stream, payload)

    def store(self) -> None:
        """Acknowledge all that came, but what is put back."""
        for place, sent in enumerate(self.sent, 1):
            sent.is_acknowledged = True
            if place not in self._put_back:
                self._world.outbox.acknowledged(sent.body["number"], self._world.now)

    def numbers(self, place: int) -> list[int]:
        """Return the readings of the batch at a place."""
        return [reading["seq"] for reading in self.sent[place - 1].body["vitals"]]


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.pace = Pace(batches_per_s=1.0)
    world.outbox = Outbox(world.spool, boot=BOOT, new_pace=lambda: world.pace)
    for seq in range(READINGS):
        text = b'{"seq":%d,"more":"%s"}' % (seq, b"x" * 180)
        world.outbox.take(Message(Stream.VITALS, text), None, world.now)
    return world


def play(world: World, centre: Centre, seconds: int) -> None:
    """Let an agent send for some seconds."""
    for _ in range(10 * seconds):
        world.settle()
        world.now += 0.1
        world.outbox.advance(centre, 1, world.now)
        centre.store()


def again(centre: Centre) -> dict[int, int]:
    """Return the readings that were sent more than once, and how often."""
    return {seq: times for seq, times in Counter(centre.readings()).items() if times > 1}


def test_batch_that_was_put_back_goes_again_while_others_follow(world: World) -> None:
    centre = Centre(world, FIRST_HOLE)

    play(world, centre, 20)
    is_over = world.spool.status.pending == 0
    play(world, centre, 60)

    repeated = next(at for at in range(3, 99) if centre.numbers(at) == centre.numbers(FIRST_HOLE))
    after_s = centre.at_s[repeated - 1] - centre.at_s[FIRST_HOLE - 1]
    assert RESEND_AFTER_S <= after_s < RESEND_AFTER_S + 2.0
    assert not is_over
    assert again(centre) == dict.fromkeys(centre.numbers(FIRST_HOLE), 2)
    assert world.pending() == 0


def test_batches_that_were_put_back_go_again_one_soon_after_another(world: World) -> None:
    holes = (2, 4, 5, 9)
    centre = Centre(world, *holes)

    play(world, centre, 80)

    put_back = [seq for place in holes for seq in centre.numbers(place)]
    assert again(centre) == dict.fromkeys(put_back, 2)
    assert world.pending() == 0
    seconds = [
        at_s
        for at_s, sent in zip(centre.at_s, centre.sent, strict=True)
        if sent.body["vitals"][0]["seq"] in {centre.numbers(place)[0] for place in holes}
    ]
    assert seconds[-1] - seconds[0] < RESEND_AFTER_S + 2 * max(holes)


def test_batch_that_is_put_back_when_all_was_sent_goes_alone(world: World) -> None:
    play(world, Centre(world), 60)
    centre = Centre(world, 1)
    for seq in range(30):
        text = b'{"seq":%d,"more":"%s"}' % (seq, b"x" * 900)
        world.outbox.take(Message(Stream.VITALS, text), None, world.now)

    play(world, centre, 10)
    next_at = world.outbox.next_at()
    play(world, centre, 20)

    assert len(centre.numbers(2)) + len(centre.numbers(1)) == 30
    assert next_at == pytest.approx(centre.at_s[0] + RESEND_AFTER_S)
    assert again(centre) == dict.fromkeys(centre.numbers(1), 2)
    assert world.pending() == 0


def test_batch_that_is_put_back_goes_again_in_parts_on_a_slower_link(world: World) -> None:
    centre = Centre(world, 5)
    play(world, centre, 10)

    for _ in range(90):
        world.pace.batch_bytes = LEAST_BYTES
        play(world, centre, 1)

    assert again(centre) == dict.fromkeys(centre.numbers(5), 2)


def test_batch_that_the_spool_has_dropped_holds_up_no_other(world: World) -> None:
    centre = Centre(world, 1)
    play(world, centre, 5)
    world.spool.acknowledge(centre.sent[0].body["number"])

    play(world, centre, 75)

    assert again(centre) == {}
    assert world.pending() == 0


def test_session_that_ends_while_a_batch_goes_again_begins_where_the_centre_is(
    world: World,
) -> None:
    centre = Centre(world, 1)
    play(world, centre, 15)
    while len(centre.numbers(1)) == len(again(centre)) or not world.spool.is_asked:
        world.now += 0.1
        world.outbox.advance(centre, 1, world.now)
    world.outbox.session_ended()
    later = Centre(world)

    play(world, later, 60)

    assert later.readings() == list(range(READINGS))
    assert world.pending() == 0
