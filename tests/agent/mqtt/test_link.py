"""Order of brokers: one after the other, with full jitter, back to the first; and no waiting."""

import errno
import math
import random
from typing import cast

import pytest

from agent import config
from agent.mqtt.connecting import Line
from agent.mqtt.link import FOUND_FOR_S, FOUND_LEAST_BYTES, RETURN_EVERY_S, Link
from agent.mqtt.session import Session, SessionError
from agent.mqtt.stream import Bytes
from tests.agent.later_threads import LaterThreads
from venuewatch.base import clock
from venuewatch.base.config import ConfigError

WHERE = config.Broker(address="first", port=1, fallbacks=("second:2", "third:3"))


class FakeStream:
    def __init__(self) -> None:
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True


class FakeSession:
    def __init__(self) -> None:
        self.is_open = False
        self.was_taken_over = False
        self.was_too_large = False
        self.was_path_narrow = False
        self.largest_bytes = 0
        self.has_left = False

    def drop(self) -> None:
        self.is_open = False

    def leave(self) -> None:
        self.has_left = True


class Scene:
    """A link whose threads do their work when the test says so.

    Attributes:
        error: what an attempt comes to; a line where it is None.
    """

    def __init__(self, where: config.Broker = WHERE, *, seed: int = 1) -> None:
        self.start = clock.monotonic()
        self.threads = LaterThreads()
        self.tried: list[str] = []
        self.streams: list[FakeStream] = []
        self.numbers: list[int] = []
        self.error: Exception | None = None
        self.link = Link(
            where,
            self._connect,
            self._new_session,
            threads=self.threads,
            rng=random.Random(seed),
            start=self.start,
        )

    def _connect(self, place: config.Place) -> Line:
        self.tried.append(place.address)
        if self.error is not None:
            raise self.error
        self.streams.append(FakeStream())
        return Line(cast("Bytes", self.streams[-1]))

    def _new_session(self, _line: Line, number: int) -> Session:
        self.numbers.append(number)
        return cast("Session", FakeSession())

    @property
    def session(self) -> FakeSession:
        return cast("FakeSession", self.link.session)

    def begin(self) -> None:
        """Begin an attempt that does not end yet."""
        self.link.step(self.link.connect_at)

    def connect(self) -> None:
        self.begin()
        self.threads.finish()
        self.link.step(self.link.connect_at)

    def fail(self, *, was_open: bool = False) -> None:
        self.link.failed(SessionError("nothing listens there"), was_open=was_open)

    def open(self) -> None:
        self.connect()
        self.session.is_open = True
        self.link.opened()

    def open_on_second(self) -> float:
        """Connect to the second broker; return when the first is looked for (monotonic s)."""
        self.connect()
        self.fail()
        self.open()
        return self.link.connect_at + RETURN_EVERY_S


def test_brokers_are_tried_in_their_order_and_then_again() -> None:
    scene = Scene()

    for _ in range(4):
        scene.connect()
        scene.fail()

    assert scene.tried == ["first", "second", "third", "first"]


def test_a_broker_that_was_lost_is_followed_by_the_first() -> None:
    scene = Scene()
    scene.connect()
    scene.fail()
    scene.open()

    scene.fail(was_open=True)
    scene.connect()

    assert scene.tried == ["first", "second", "first"]


def test_nothing_is_tried_before_its_time() -> None:
    scene = Scene()
    scene.connect()
    scene.fail()

    scene.link.step(scene.link.connect_at - 0.001)

    assert scene.tried == ["first"]


def test_the_first_waits_are_up_to_a_second_and_grow_to_the_ceiling() -> None:
    where = config.Broker(address="only", reconnect_max_s=4.0)
    waits: list[list[float]] = [[] for _ in range(6)]
    for seed in range(200):
        scene = Scene(where, seed=seed)
        for wait in waits:
            scene.connect()
            scene.fail()
            wait.append(scene.link.connect_at - clock.monotonic())

    assert [round(max(wait)) for wait in waits] == [1, 2, 4, 4, 4, 4]


def test_one_that_is_taken_over_again_and_again_waits_up_to_the_ceiling() -> None:
    waits: list[list[float]] = [[] for _ in range(5)]
    for seed in range(50):
        scene = Scene(seed=seed)
        for wait in waits:
            scene.open()
            scene.session.was_taken_over = True
            scene.fail(was_open=True)
            wait.append(scene.link.connect_at - clock.monotonic())

    assert [round(max(wait)) for wait in waits] == [2, 4, 8, 10, 10]
    assert [round(min(wait)) for wait in waits] == [1, 2, 4, 5, 5]


def test_one_that_makes_way_leaves_and_waits_as_long_as_it_has_to() -> None:
    scene = Scene()
    scene.open()
    left = scene.session

    waits = [scene.link.give_way(scene.start, to="192.0.2.7") for _ in range(2)]
    scene.threads.finish()

    assert left.has_left
    assert scene.link.session is None
    assert waits == [60.0, 120.0]
    assert scene.link.connect_at == scene.start + 120.0


def test_one_that_makes_way_without_a_session_waits_as_well() -> None:
    scene = Scene()
    scene.open()
    scene.fail(was_open=True)

    scene.link.give_way(scene.start, to="")

    assert scene.link.connect_at == scene.start + 60.0


def test_a_session_that_is_renewed_follows_at_once() -> None:
    scene = Scene()
    scene.open()
    left = scene.session

    scene.link.renew(scene.start)
    scene.threads.finish()
    scene.link.step(scene.start)
    scene.threads.finish()

    assert left.has_left
    assert scene.tried == ["first", "first"]


def test_session_that_ended_for_a_narrow_path_is_followed_at_once() -> None:
    scene = Scene()
    scene.open()
    scene.session.was_path_narrow = True

    scene.fail(was_open=True)

    assert scene.link.connect_at <= clock.monotonic()


def test_on_a_fallback_the_first_is_looked_for_and_returned_to() -> None:
    scene = Scene()
    now = scene.open_on_second()
    on_second = scene.session

    scene.link.step(now)
    scene.threads.finish()
    scene.link.step(now + 1.0)
    scene.threads.finish()
    scene.link.step(now + 1.0)
    scene.threads.finish()

    assert on_second.has_left
    assert scene.tried == ["first", "second", "first", "first"]
    assert [stream.is_closed for stream in scene.streams] == [False, False, True, False]


def test_first_is_not_connected_to_before_the_second_is_left() -> None:
    scene = Scene()
    now = scene.open_on_second()
    scene.link.step(now)
    scene.threads.finish()
    scene.link.step(now + 1.0)
    (leave,) = scene.threads.works

    scene.link.step(now + 1.0)

    assert scene.threads.works == [leave]
    assert (scene.link.session, scene.link.next_at) == (None, math.inf)


def test_look_that_ends_after_its_session_is_hung_up_on() -> None:
    scene = Scene()
    now = scene.open_on_second()
    scene.link.step(now)
    scene.fail(was_open=True)

    scene.threads.finish()
    scene.link.step(now)

    assert scene.streams[-1].is_closed
    assert scene.link.session is None


def test_on_the_first_nothing_is_looked_for() -> None:
    scene = Scene()
    scene.open()

    scene.link.step(scene.link.connect_at + 10 * RETURN_EVERY_S)

    assert scene.threads.works == []


def test_an_attempt_that_hangs_is_waited_for_and_no_other_begins() -> None:
    scene = Scene()
    scene.begin()

    for later_s in (1.0, 10.0, 3_600.0):
        scene.link.step(scene.link.connect_at + later_s)

    assert scene.link.sessions == len(scene.threads.works) == 1
    assert (scene.link.session, scene.link.next_at) == (None, math.inf)


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), "nothing listens at first:1"),
        (TimeoutError(), "no answer in time"),
        (ConfigError("/etc/key: there is no such file"), "/etc/key: there is no such file"),
        (RuntimeError("a bug"), "a bug"),
    ],
)
def test_an_attempt_that_fails_is_told_in_words_once(error: Exception, why: str) -> None:
    scene = Scene()
    scene.error = error

    with pytest.raises(SessionError, match=why):
        scene.connect()
    scene.fail()

    assert scene.link.next_at == scene.link.connect_at


def test_sessions_have_the_number_of_their_attempt() -> None:
    scene = Scene()
    scene.error = TimeoutError()
    with pytest.raises(SessionError):
        scene.connect()
    scene.fail()
    scene.error = None

    scene.connect()

    assert scene.numbers == [2]
    assert scene.link.sessions == 2


def test_broker_that_ended_a_session_for_a_large_packet_gets_smaller_ones() -> None:
    scene = Scene()
    scene.open()
    scene.session.was_too_large, scene.session.largest_bytes = True, 5_000
    scene.fail(was_open=True)

    known = scene.link.packet_bytes_max
    scene.connect()
    scene.fail()

    assert known == 4_999
    assert scene.link.place.address == "second"
    assert scene.link.packet_bytes_max == math.inf


def test_what_a_broker_was_found_to_take_is_forgotten_after_an_hour(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = Scene()
    scene.open()
    scene.session.was_too_large, scene.session.largest_bytes = True, 5_000
    scene.fail(was_open=True)
    found_at = clock.monotonic()

    known = []
    for later_s in (FOUND_FOR_S - 60.0, FOUND_FOR_S + 60.0):
        monkeypatch.setattr(clock, "monotonic", lambda at=found_at + later_s: at)
        known.append(scene.link.packet_bytes_max)

    assert known == [4_999, math.inf]


def test_broker_that_calls_a_beat_too_large_gets_beats_all_the_same() -> None:
    scene = Scene()
    scene.open()
    scene.session.was_too_large, scene.session.largest_bytes = True, 200

    scene.fail(was_open=True)

    assert scene.link.packet_bytes_max == FOUND_LEAST_BYTES
