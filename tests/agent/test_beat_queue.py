"""Readings wait for the next beat where that makes one flight of packets of both."""

from pathlib import Path

import pytest

from agent.mqtt.thin_tcp import Connection
from agent.outbox import WAIT_FOR_BEAT_S, BeatQueue, Outbox
from agent.spool.disk import Spool
from agent.spool.thread import SpoolThread
from venuewatch.base.wire.topics import Stream

READING = (Stream.VITALS, b"{}")


class Receipt:
    def is_published(self) -> bool:
        return True


class Stretch(Connection):
    """A connection that is thin or not, as the test says, and counts what it was told."""

    def __init__(self, *, is_thin: bool) -> None:
        super().__init__(object())
        self._thin = is_thin
        self.written = 0

    @property
    def is_thin(self) -> bool:
        return self._thin

    def wrote(self) -> None:
        self.written += 1


class Scene:
    def __init__(self, folder: Path) -> None:
        self.spool = SpoolThread(lambda: Spool(str(folder), max_bytes=1 << 20), lambda: None)
        self.outbox = Outbox(self.spool, boot="b")
        self.sent: list[Stream] = []

    def send(self, stream: Stream, payload: bytes) -> Receipt:
        assert payload
        self.sent.append(stream)
        return Receipt()

    def queue(self, interval_s: float = 1.0) -> BeatQueue:
        return BeatQueue(self.outbox, interval_s=interval_s)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path / "spool")


def test_a_reading_waits_for_the_beat_and_the_next_beat_for_it(scene: Scene) -> None:
    queue, thin = scene.queue(), Stretch(is_thin=True)

    queue.add([READING], thin, scene.send, 1.0)
    before = list(scene.sent)
    queue.follow_beat(thin, scene.send, 1.5)

    assert (before, scene.sent, thin.written) == ([], [Stream.VITALS], 1)


def test_a_beat_that_nothing_rides_with_is_asked_of_no_more(scene: Scene) -> None:
    thin = Stretch(is_thin=True)

    scene.queue().follow_beat(thin, scene.send, 1.0)

    assert thin.written == 0


@pytest.mark.parametrize(("is_thin", "interval_s"), [(False, 1.0), (True, WAIT_FOR_BEAT_S + 1.0)])
def test_where_waiting_is_no_help_a_reading_goes_at_once(
    scene: Scene, *, is_thin: bool, interval_s: float
) -> None:
    scene.queue(interval_s).add([READING], Stretch(is_thin=is_thin), scene.send, 1.0)

    assert scene.sent == [Stream.VITALS]


def test_what_waits_when_the_session_ends_is_kept(scene: Scene) -> None:
    queue = scene.queue()
    queue.add([READING], Stretch(is_thin=True), scene.send, 1.0)

    queue.add([], None, None, 2.0)
    assert scene.spool.finished().wait(10)

    assert scene.sent == []
    assert scene.spool.status.pending == 1
