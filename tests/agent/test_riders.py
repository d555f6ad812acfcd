"""Readings wait for the next beat where that makes one flight of packets of both."""

from pathlib import Path

import pytest

from agent.keeper import Keeper
from agent.outbox import Outbox
from agent.riders import RIDE_WITHIN_S, Riders
from agent.spool.disk import Spool
from agent.stream import Connection
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
        self.keeper = Keeper(lambda: Spool(str(folder), max_bytes=1 << 20), lambda: None)
        self.outbox = Outbox(self.keeper, boot="b")
        self.said: list[Stream] = []

    def line(self, stream: Stream, payload: bytes) -> Receipt:
        assert payload
        self.said.append(stream)
        return Receipt()

    def riders(self, interval_s: float = 1.0) -> Riders:
        return Riders(self.outbox, interval_s=interval_s)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path / "spool")


def test_a_reading_waits_for_the_beat_and_the_next_beat_for_it(scene: Scene) -> None:
    riders, thin = scene.riders(), Stretch(is_thin=True)

    riders.add([READING], thin, scene.line, 1.0)
    before = list(scene.said)
    riders.follow(thin, scene.line, 1.5)

    assert (before, scene.said, thin.written) == ([], [Stream.VITALS], 1)


def test_a_beat_that_nothing_rides_with_is_asked_of_no_more(scene: Scene) -> None:
    thin = Stretch(is_thin=True)

    scene.riders().follow(thin, scene.line, 1.0)

    assert thin.written == 0


@pytest.mark.parametrize(("is_thin", "interval_s"), [(False, 1.0), (True, RIDE_WITHIN_S + 1.0)])
def test_where_waiting_is_no_help_a_reading_goes_at_once(
    scene: Scene, *, is_thin: bool, interval_s: float
) -> None:
    scene.riders(interval_s).add([READING], Stretch(is_thin=is_thin), scene.line, 1.0)

    assert scene.said == [Stream.VITALS]


def test_what_waits_when_the_session_ends_is_kept(scene: Scene) -> None:
    riders = scene.riders()
    riders.add([READING], Stretch(is_thin=True), scene.line, 1.0)

    riders.add([], None, None, 2.0)
    assert scene.keeper.finished().wait(10)

    assert scene.said == []
    assert scene.keeper.status.pending == 1
